-- What was used, what it cost, and how much may be used.

-- One row for each thing that costs, written in the unit that stores what it counts. Never changed but for `folded`.
-- No foreign keys: each would lock the one row of the workspace in every run's last commit.
create table usage_entries (
  workspace_id id_text not null,
  -- what it counts: a run step, a call, a request. Unique, so that nothing is counted twice
  source id_text not null,
  at bigint not null,
  person_id id_text not null,
  key_id id_text,
  assistant_id id_text,
  run_id id_text,
  kind text not null check (kind in ('run', 'plugin_question', 'plugin_call', 'code_interpreter', 'chat', 'audio', 'embedding')),
  -- null for what asks no model
  model text,
  channel text not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  -- part of prompt_tokens
  cached_tokens bigint not null,
  -- part of completion_tokens
  reasoning_tokens bigint not null,
  model_calls bigint not null,
  plugin_calls bigint not null,
  ms bigint not null,
  -- millionths of the currency, by the prices of that moment; null: no price was known
  micros bigint,
  -- the model's server did not tell, so its tokens are estimated
  estimated bigint not null,
  folded bigint not null default 0,
  primary key (workspace_id, source)
);
create index usage_entries_unfolded on usage_entries (workspace_id, at) where folded = 0;

-- Sums of folded entries by the hour. '' stands for none: a key of a table has no nulls.
create table usage_hours (
  workspace_id id_text not null references workspaces (id),
  -- Unix seconds of its first
  hour bigint not null,
  person_id id_text not null,
  key_id id_text not null,
  assistant_id id_text not null,
  model text not null,
  kind text not null,
  channel text not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  cached_tokens bigint not null,
  reasoning_tokens bigint not null,
  model_calls bigint not null,
  plugin_calls bigint not null,
  ms bigint not null,
  micros bigint,
  -- model calls whose price was not known
  unpriced_calls bigint not null,
  estimated_calls bigint not null,
  primary key (workspace_id, hour, person_id, key_id, assistant_id, model, kind, channel)
);

-- Sums of folded entries by whom a quota may be set for; `period` is a UTC day (2026-11-25) or month (2026-11).
create table usage_sums (
  workspace_id id_text not null references workspaces (id),
  subject_kind text not null,
  subject_id id_text not null,
  period text not null,
  tokens bigint not null,
  micros bigint not null,
  primary key (workspace_id, subject_kind, subject_id, period)
);

create table price_lists (
  workspace_id id_text primary key references workspaces (id),
  -- ISO 4217
  currency text not null,
  updated_at bigint not null
);

-- In millionths of the currency for a million tokens.
create table prices (
  workspace_id id_text not null references price_lists (workspace_id),
  -- a model's name, or how names begin
  model text not null,
  is_prefix bigint not null,
  input bigint not null,
  cached_input bigint not null,
  output bigint not null,
  primary key (workspace_id, model, is_prefix)
);

-- How much may be used; null: as much as one likes.
create table limits (
  workspace_id id_text not null references workspaces (id),
  subject_kind text not null check (subject_kind in ('workspace', 'person', 'key', 'assistant')),
  subject_id id_text not null,
  requests_per_minute bigint,
  tokens_per_day bigint,
  -- millionths of the currency
  money_per_month bigint,
  updated_at bigint not null,
  primary key (workspace_id, subject_kind, subject_id)
);

-- What model calls under way may come to, kept back from the quotas they count for. A holder that died is forgotten at until_ms.
create table usage_holds (
  workspace_id id_text not null,
  id id_text not null,
  person_id id_text not null,
  key_id id_text,
  assistant_id id_text,
  tokens bigint not null,
  micros bigint not null,
  until_ms bigint not null,
  primary key (workspace_id, id)
);
