-- Files and uploads (behaviour.md 14). The bytes are blobs, found by (workspace_id, blob_id).

create table files (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  owner_id id_text not null references people (id),
  created_at bigint not null,
  -- from then on the file is gone for everyone; the sweep removes row and bytes later
  expires_at bigint,
  purpose text not null,
  filename text not null,
  bytes bigint not null,
  primary key (workspace_id, id)
);
create index files_by_owner on files (workspace_id, owner_id, id);
create index files_expiring on files (expires_at) where expires_at is not null;

-- A file's content: its blobs in order. A file that was sent at once has one, a completed upload one for each part, so that
-- completing moves rows and copies nothing.
create table file_blobs (
  workspace_id id_text not null,
  file_id id_text not null,
  position bigint not null,
  blob_id text not null,
  bytes bigint not null,
  primary key (workspace_id, file_id, position),
  foreign key (workspace_id, file_id) references files (workspace_id, id) on delete cascade
);
create index file_blobs_by_blob on file_blobs (workspace_id, blob_id);

create table uploads (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  owner_id id_text not null references people (id),
  created_at bigint not null,
  -- of the upload itself: pending until then at the latest
  expires_at bigint not null,
  status text not null check (status in ('pending', 'completed', 'cancelled', 'expired')),
  purpose text not null,
  filename text not null,
  mime_type text not null,
  bytes bigint not null,
  -- life of the file to be, seconds
  file_expires_after bigint,
  -- set by completion: the file, which may be deleted since, and the parts it was made of
  file_id id_text,
  part_ids text,
  primary key (workspace_id, id)
);
create index uploads_by_expiry on uploads (expires_at);

create table upload_parts (
  workspace_id id_text not null,
  upload_id id_text not null,
  id id_text not null,
  created_at bigint not null,
  blob_id text not null,
  bytes bigint not null,
  primary key (workspace_id, upload_id, id),
  foreign key (workspace_id, upload_id) references uploads (workspace_id, id) on delete cascade
);
create index upload_parts_by_blob on upload_parts (workspace_id, blob_id);
