-- What the one who began a run had on its assistant, and whether its answers may name the files they refer to.
alter table runs add column begun_with text not null default 'own' check (begun_with in ('use', 'view', 'edit', 'own'));
alter table runs add column names_files bigint not null default 1;
