-- The first schema, one text for both engines. The migrator writes `text collate "C"` for the word `id_text` on PostgreSQL; it is
-- plain TEXT affinity on SQLite: ids compare bytewise, so their order is the order of creation. workspace_id leads every key of
-- workspace data. Times named *_at are Unix seconds as on the wire, *_ms milliseconds. JSON is text. Booleans are 0/1.

create table workspaces (
  id id_text primary key,
  name text not null,
  created_at bigint not null
);

create table people (
  id id_text primary key,
  name text not null,
  email text unique,
  created_at bigint not null
);

create table memberships (
  workspace_id id_text not null references workspaces (id),
  person_id id_text not null references people (id),
  role text not null check (role in ('owner', 'admin', 'member')),
  created_at bigint not null,
  primary key (workspace_id, person_id)
);

-- Looked up by hash on every request, before the workspace is known: with people, the only table that is not a workspace's.
create table api_keys (
  id id_text primary key,
  workspace_id id_text not null references workspaces (id),
  person_id id_text not null references people (id),
  name text not null,
  secret_sha256 text not null unique,
  prefix text not null,
  last_four text not null,
  created_at bigint not null,
  last_used_at bigint
);
create index api_keys_by_workspace on api_keys (workspace_id, person_id, id);

create table assistants (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  owner_id id_text not null references people (id),
  created_at bigint not null,
  name text,
  description text,
  model text not null,
  instructions text,
  tools text not null,
  tool_resources text not null,
  metadata text not null,
  temperature double precision not null,
  top_p double precision not null,
  reasoning_effort text,
  response_format text not null,
  -- who runs its plugins: 'client' stops at requires_action, 'server' runs them inside the run
  plugin_mode text not null check (plugin_mode in ('client', 'server')),
  primary key (workspace_id, id)
);
create index assistants_by_owner on assistants (workspace_id, owner_id, id);

create table plugins (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  owner_id id_text not null references people (id),
  -- `id` of the plugin file, any text
  plugin_id text not null,
  -- what models and clients see: ^[a-zA-Z0-9_-]{1,64}$
  function_name text not null,
  -- the plugin file byte for byte as it was imported
  manifest text not null,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (workspace_id, id)
);
create unique index plugins_by_plugin_id on plugins (workspace_id, owner_id, plugin_id);

create table assistant_plugins (
  workspace_id id_text not null,
  assistant_id id_text not null,
  plugin_id id_text not null,
  function_name text not null,
  position bigint not null,
  primary key (workspace_id, assistant_id, plugin_id),
  foreign key (workspace_id, assistant_id) references assistants (workspace_id, id) on delete cascade,
  foreign key (workspace_id, plugin_id) references plugins (workspace_id, id) on delete cascade
);
create unique index assistant_plugins_by_name on assistant_plugins (workspace_id, assistant_id, function_name);

create table threads (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  owner_id id_text not null references people (id),
  created_at bigint not null,
  metadata text not null,
  tool_resources text not null,
  -- the lock: from a run's creation until its end state (behaviour.md 8)
  active_run_id id_text,
  -- position the next message takes; rises with every message, so order is stable within one second
  next_position bigint not null,
  primary key (workspace_id, id)
);

create table messages (
  workspace_id id_text not null,
  id id_text not null,
  thread_id id_text not null,
  position bigint not null,
  created_at bigint not null,
  role text not null check (role in ('user', 'assistant')),
  -- parts; a data: image is held as {"type":"image_url","image_url":{"blob":"<sha256>",...}}
  content text not null,
  attachments text not null,
  assistant_id id_text,
  run_id id_text,
  status text not null check (status in ('in_progress', 'completed', 'incomplete')),
  incomplete_reason text,
  completed_at bigint,
  incomplete_at bigint,
  metadata text not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, thread_id) references threads (workspace_id, id) on delete cascade
);
create unique index messages_by_position on messages (workspace_id, thread_id, position);

-- Which blobs messages hold, so that a blob nobody holds can be swept.
create table message_blobs (
  workspace_id id_text not null,
  blob_id text not null,
  message_id id_text not null,
  primary key (workspace_id, blob_id, message_id),
  foreign key (workspace_id, message_id) references messages (workspace_id, id) on delete cascade
);
create index message_blobs_by_message on message_blobs (workspace_id, message_id);

create table runs (
  workspace_id id_text not null,
  id id_text not null,
  thread_id id_text not null,
  assistant_id id_text not null,
  owner_id id_text not null,
  created_at bigint not null,
  status text not null check (status in ('queued', 'in_progress', 'requires_action', 'cancelling', 'cancelled', 'failed', 'completed', 'incomplete', 'expired')),
  -- settings, frozen at creation
  model text not null,
  instructions text,
  tools text not null,
  tool_resources text not null,
  metadata text not null,
  temperature double precision not null,
  top_p double precision not null,
  reasoning_effort text,
  max_completion_tokens bigint,
  max_prompt_tokens bigint,
  truncation_strategy text not null,
  response_format text not null,
  tool_choice text not null,
  parallel_tool_calls bigint not null,
  plugin_mode text not null,
  -- functions that are plugins: [{"function_name","plugin_id"}]
  plugins text not null,
  -- progress
  required_action text,
  last_error text,
  incomplete_reason text,
  usage text,
  started_at bigint,
  expires_at bigint not null,
  cancelled_at bigint,
  failed_at bigint,
  completed_at bigint,
  next_position bigint not null,
  -- the job: when due_ms has passed a node may claim the run. Held by a node it is the end of its lease; waiting for the client it
  -- is the expiry; in an end state it is null. attempt fences every write of a node that lost its lease.
  due_ms bigint,
  lease_owner text,
  attempt bigint not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, thread_id) references threads (workspace_id, id) on delete cascade
);
create index runs_by_thread on runs (workspace_id, thread_id, id);
create index runs_due on runs (due_ms) where due_ms is not null;

create table run_steps (
  workspace_id id_text not null,
  id id_text not null,
  run_id id_text not null,
  thread_id id_text not null,
  assistant_id id_text not null,
  position bigint not null,
  created_at bigint not null,
  type text not null check (type in ('message_creation', 'tool_calls')),
  status text not null check (status in ('in_progress', 'completed', 'cancelled', 'failed', 'expired')),
  step_details text not null,
  last_error text,
  usage text,
  completed_at bigint,
  cancelled_at bigint,
  failed_at bigint,
  expired_at bigint,
  primary key (workspace_id, id),
  foreign key (workspace_id, run_id) references runs (workspace_id, id) on delete cascade
);
create unique index run_steps_by_position on run_steps (workspace_id, run_id, position);

-- A plugin call is a row before it starts and again when it has ended, so that a call whose output is stored is not made twice.
create table plugin_calls (
  workspace_id id_text not null,
  id id_text not null,
  plugin_id id_text not null,
  plugin_version bigint not null,
  assistant_id id_text not null,
  thread_id id_text,
  -- set when the run itself makes the call; null when a client came through /pluginapi
  run_id id_text,
  tool_call_id id_text,
  caller_id id_text not null,
  arguments text not null,
  customized_params text,
  status text not null check (status in ('started', 'completed', 'failed')),
  output text,
  stdout text,
  stderr text,
  error text,
  usage text,
  started_ms bigint not null,
  ended_ms bigint,
  primary key (workspace_id, id)
);
create unique index plugin_calls_by_tool_call on plugin_calls (workspace_id, run_id, tool_call_id) where run_id is not null;
create index plugin_calls_by_plugin on plugin_calls (workspace_id, plugin_id, id);
