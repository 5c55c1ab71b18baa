-- Invitations, and the one-time link by which the first owner of a server comes in.

create table invitations (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  -- in lower case
  email text not null,
  role text not null check (role in ('admin', 'member', 'guest')),
  -- an assistant that is shared with whoever accepts
  assistant_id id_text,
  access text check (access in ('use', 'view', 'edit')),
  token_sha256 text not null unique,
  invited_by id_text not null references people (id),
  created_at bigint not null,
  expires_at bigint not null,
  accepted_at bigint,
  accepted_by id_text,
  primary key (workspace_id, id),
  foreign key (workspace_id, assistant_id) references assistants (workspace_id, id) on delete cascade
);
-- whoever signs in elsewhere is looked up by address before any workspace is known
create index invitations_by_email on invitations (email, expires_at);

create table setup_links (
  -- one row at most: a newer link takes the place of an older
  id bigint primary key check (id = 1),
  token_sha256 text not null,
  created_at bigint not null
);
