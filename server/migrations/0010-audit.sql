-- Who did what to which object, from where. Rows are only ever added; what a person is called stands in people alone, so that erasing
-- a person leaves none of it here.
create table audit_entries (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  at bigint not null,
  -- null: the server itself, or somebody who is not signed in
  person_id id_text,
  key_id id_text,
  session_id id_text,
  -- address of the client; null for the command line
  address text,
  action text not null,
  kind text not null,
  object_id text not null,
  -- JSON, without secrets
  details text not null,
  primary key (workspace_id, id)
);
create index audit_entries_by_object on audit_entries (workspace_id, object_id, id);
create index audit_entries_by_person on audit_entries (workspace_id, person_id, id);
