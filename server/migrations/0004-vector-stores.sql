-- Vector stores (behaviour.md 14): what they hold, and the work of indexing it. Chunks and their terms are in 0004.

create table vector_stores (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  owner_id id_text not null references people (id),
  created_at bigint not null,
  name text,
  description text,
  metadata text not null,
  -- days after last_active_at; null: never expires
  expires_after_days bigint,
  last_active_at bigint not null,
  primary key (workspace_id, id)
);
create index vector_stores_by_owner on vector_stores (workspace_id, owner_id, id);

create table vector_store_batches (
  workspace_id id_text not null,
  id id_text not null,
  store_id id_text not null,
  created_at bigint not null,
  cancelled_at bigint,
  primary key (workspace_id, id),
  foreign key (workspace_id, store_id) references vector_stores (workspace_id, id) on delete cascade
);
create index vector_store_batches_by_store on vector_store_batches (workspace_id, store_id);

-- A file in a store: the wire's id is the file's. Adding it again makes a new entry in place of the old one.
create table vector_store_files (
  workspace_id id_text not null,
  store_id id_text not null,
  id id_text not null,
  entry_id id_text not null,
  batch_id id_text,
  created_at bigint not null,
  filename text not null,
  status text not null check (status in ('in_progress', 'completed', 'cancelled', 'failed')),
  last_error text,
  attributes text not null,
  max_tokens bigint not null,
  overlap_tokens bigint not null,
  usage_bytes bigint not null,
  completed_ms bigint,
  -- the job, as in runs: when due_ms has passed a node may claim it; held it is the end of the lease; at rest it is null.
  -- attempt fences every write of a node that lost its lease.
  due_ms bigint,
  lease_owner text,
  attempt bigint not null,
  -- times it failed through no fault of the file
  tries bigint not null,
  primary key (workspace_id, store_id, id),
  unique (workspace_id, entry_id),
  foreign key (workspace_id, store_id) references vector_stores (workspace_id, id) on delete cascade,
  foreign key (workspace_id, id) references files (workspace_id, id) on delete cascade
);
create index vector_store_files_in_order on vector_store_files (workspace_id, store_id, entry_id);
create index vector_store_files_by_status on vector_store_files (workspace_id, store_id, status, completed_ms, usage_bytes);
create index vector_store_files_by_batch on vector_store_files (workspace_id, batch_id, status);
create index vector_store_files_by_file on vector_store_files (workspace_id, id);
create index vector_store_files_due on vector_store_files (due_ms) where due_ms is not null;

-- Attributes once more, for filters. A boolean is the text true or false.
create table vector_store_attributes (
  workspace_id id_text not null,
  entry_id id_text not null,
  key text not null,
  kind text not null check (kind in ('string', 'number', 'boolean')),
  text_value id_text,
  number_value double precision,
  primary key (workspace_id, entry_id, key),
  foreign key (workspace_id, entry_id) references vector_store_files (workspace_id, entry_id) on delete cascade
);

-- Embeddings by the SHA-256 of their text: made once for each text and model. A vector is little-endian 32-bit floats of length 1.
create table embeddings (
  workspace_id id_text not null,
  model text not null,
  hash text not null,
  vector bytea not null,
  made_at bigint not null,
  primary key (workspace_id, model, hash)
);
