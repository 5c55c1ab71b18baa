-- Addresses that are told of ended runs and of shares, and what is to be told them. A delivery's row is the job, as a run's is.

create table webhooks (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  owner_id id_text not null references people (id) on delete cascade,
  -- the only assistant it hears of; null: all
  assistant_id id_text,
  url text not null,
  -- JSON list of names
  events text not null,
  -- sealed with the server's key (platform/sealing.ts)
  secret text not null,
  -- the one before it, by which is signed as well until then (Unix seconds)
  previous_secret text,
  previous_until bigint,
  -- null: it is not paused; 'owner': by its owner; 'gone': its server answered 410
  paused text check (paused in ('owner', 'gone')),
  created_at bigint not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, assistant_id) references assistants (workspace_id, id) on delete cascade
);
create index webhooks_by_owner on webhooks (workspace_id, owner_id, id);
create index webhooks_by_assistant on webhooks (workspace_id, assistant_id);

create table webhook_deliveries (
  workspace_id id_text not null,
  -- also the header webhook-id, the same at each try
  id id_text not null,
  webhook_id id_text not null,
  owner_id id_text not null,
  event text not null,
  -- what happened, said by who notes it: the same thing is delivered once, however often it is noted
  event_key text not null,
  -- as it is sent
  body text not null,
  status text not null check (status in ('pending', 'delivered', 'failed')),
  -- tries whose outcome is known
  tries bigint not null default 0,
  -- of the last try
  response_status bigint,
  error text,
  created_at bigint not null,
  delivered_at bigint,
  -- null when it is at rest, or waits for its webhook to go on
  due_ms bigint,
  lease_owner id_text,
  attempt bigint not null default 0,
  primary key (workspace_id, id),
  foreign key (workspace_id, webhook_id) references webhooks (workspace_id, id) on delete cascade
);
create unique index webhook_deliveries_by_event on webhook_deliveries (workspace_id, webhook_id, event_key);
create index webhook_deliveries_by_webhook on webhook_deliveries (workspace_id, webhook_id, id);
create index webhook_deliveries_due on webhook_deliveries (due_ms) where due_ms is not null;
create index webhook_deliveries_by_time on webhook_deliveries (created_at);
