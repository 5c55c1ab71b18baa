-- Chunks of indexed files, with their terms (knowledge/bigrams.ts) for full-text search. One lexeme of each is '@' and the store's id, so
-- that the index finds the terms of one store only.

create table vector_chunks (
  workspace_id id_text not null,
  id bigint generated always as identity,
  store_id id_text not null,
  entry_id id_text not null,
  position bigint not null,
  -- place in the file's text, in UTF-16 units
  start_at bigint not null,
  tokens bigint not null,
  body text not null,
  -- of body, SHA-256: finds its embedding
  hash text not null,
  terms tsvector not null,
  primary key (workspace_id, id),
  unique (workspace_id, entry_id, position),
  foreign key (workspace_id, entry_id) references vector_store_files (workspace_id, entry_id) on delete cascade
);
create index vector_chunks_by_hash on vector_chunks (workspace_id, hash);
create index vector_chunks_terms on vector_chunks using gin (terms);
