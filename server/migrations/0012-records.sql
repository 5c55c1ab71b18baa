-- What people say of answers, and how long threads are kept.

create table message_feedback (
  workspace_id id_text not null,
  id id_text not null,
  message_id id_text not null,
  thread_id id_text not null,
  run_id id_text,
  assistant_id id_text not null,
  person_id id_text not null references people (id),
  -- the key it was given with, behind which there may be many people
  made_by id_text,
  rating text not null check (rating in ('up', 'down')),
  comment text,
  -- the answer as it was, where its reader lets the maker see it
  answer text,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, message_id) references messages (workspace_id, id) on delete cascade
);
create unique index message_feedback_by_message on message_feedback (workspace_id, message_id);
create index message_feedback_by_assistant on message_feedback (workspace_id, assistant_id, id);

-- days; null: for ever
alter table workspaces add column thread_retention_days bigint;
alter table workspaces add column call_retention_days bigint;
create index threads_by_age on threads (workspace_id, created_at);

-- A person that is being erased: begun in one unit, gone on with in small ones, also by the next server.
create table erasures (
  workspace_id id_text not null references workspaces (id),
  person_id id_text not null references people (id),
  requested_by id_text not null,
  created_at bigint not null,
  finished_at bigint,
  primary key (workspace_id, person_id)
);
create index erasures_open on erasures (created_at) where finished_at is null;
create index plugin_calls_by_caller on plugin_calls (workspace_id, caller_id, id);
