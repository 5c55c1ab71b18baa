-- include[] of the call that made a run: whether its stream tells what passages of file_search say
alter table runs add column includes_content bigint not null default 0;
