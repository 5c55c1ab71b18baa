-- How many requests of its present minute a key, person or workspace with a limit has made. A minute begins with its first request.
create table request_windows (
  workspace_id id_text not null references workspaces (id),
  subject_kind text not null check (subject_kind in ('workspace', 'person', 'key')),
  subject_id id_text not null,
  started_ms bigint not null,
  used bigint not null,
  primary key (workspace_id, subject_kind, subject_id)
);

-- the keys that hand an assistant to others
create index api_keys_shared on api_keys (workspace_id, assistant_ids) where shared = 1;
