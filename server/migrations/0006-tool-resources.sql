-- tool_resources of assistants and threads (behaviour.md 4, 5): a link goes with either of its ends. The columns of that name in 0001 stay
-- empty: an id in a text would outlive what it names.

create table assistant_files (
  workspace_id id_text not null,
  assistant_id id_text not null,
  file_id id_text not null,
  position bigint not null,
  primary key (workspace_id, assistant_id, file_id),
  foreign key (workspace_id, assistant_id) references assistants (workspace_id, id) on delete cascade,
  foreign key (workspace_id, file_id) references files (workspace_id, id) on delete cascade
);
create index assistant_files_by_file on assistant_files (workspace_id, file_id);

create table assistant_vector_stores (
  workspace_id id_text not null,
  assistant_id id_text not null,
  store_id id_text not null,
  primary key (workspace_id, assistant_id, store_id),
  foreign key (workspace_id, assistant_id) references assistants (workspace_id, id) on delete cascade,
  foreign key (workspace_id, store_id) references vector_stores (workspace_id, id) on delete cascade
);
create index assistant_vector_stores_by_store on assistant_vector_stores (workspace_id, store_id);

create table thread_files (
  workspace_id id_text not null,
  thread_id id_text not null,
  file_id id_text not null,
  position bigint not null,
  primary key (workspace_id, thread_id, file_id),
  foreign key (workspace_id, thread_id) references threads (workspace_id, id) on delete cascade,
  foreign key (workspace_id, file_id) references files (workspace_id, id) on delete cascade
);
create index thread_files_by_file on thread_files (workspace_id, file_id);

create table thread_vector_stores (
  workspace_id id_text not null,
  thread_id id_text not null,
  store_id id_text not null,
  primary key (workspace_id, thread_id, store_id),
  foreign key (workspace_id, thread_id) references threads (workspace_id, id) on delete cascade,
  foreign key (workspace_id, store_id) references vector_stores (workspace_id, id) on delete cascade
);
create index thread_vector_stores_by_store on thread_vector_stores (workspace_id, store_id);
