-- Chunks of indexed files, and their terms (knowledge/bigrams.ts) for full-text search. The rowid of the terms is the chunk's id.

create table vector_chunks (
  id integer primary key,
  workspace_id text not null,
  store_id text not null,
  entry_id text not null,
  position bigint not null,
  -- place in the file's text, in UTF-16 units
  start_at bigint not null,
  tokens bigint not null,
  body text not null,
  -- of body, SHA-256: finds its embedding
  hash text not null,
  unique (workspace_id, entry_id, position),
  foreign key (workspace_id, entry_id) references vector_store_files (workspace_id, entry_id) on delete cascade
);
create index vector_chunks_by_hash on vector_chunks (workspace_id, hash);

create virtual table vector_chunk_terms using fts5 (
  store, terms, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
);

create trigger vector_chunks_forget_terms after delete on vector_chunks begin
  delete from vector_chunk_terms where rowid = old.id;
end;

-- In how many chunks a term stands.
create virtual table vector_term_counts using fts5vocab (vector_chunk_terms, row);
