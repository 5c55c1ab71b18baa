-- Who may do what: guests, groups, shares, limited keys, and by which key a thing was made.

create table memberships_with_guests (
  workspace_id id_text not null references workspaces (id),
  person_id id_text not null references people (id),
  role text not null check (role in ('owner', 'admin', 'member', 'guest')),
  created_at bigint not null,
  primary key (workspace_id, person_id)
);
insert into memberships_with_guests (workspace_id, person_id, role, created_at)
  select workspace_id, person_id, role, created_at from memberships;
drop table memberships;
alter table memberships_with_guests rename to memberships;
create index memberships_by_person on memberships (person_id, workspace_id);

create table person_groups (
  workspace_id id_text not null references workspaces (id),
  id id_text not null,
  name text not null,
  created_at bigint not null,
  primary key (workspace_id, id)
);
create unique index person_groups_by_name on person_groups (workspace_id, name);

create table group_members (
  workspace_id id_text not null,
  group_id id_text not null,
  person_id id_text not null,
  added_at bigint not null,
  primary key (workspace_id, group_id, person_id),
  foreign key (workspace_id, group_id) references person_groups (workspace_id, id) on delete cascade,
  foreign key (workspace_id, person_id) references memberships (workspace_id, person_id) on delete cascade
);
create index group_members_by_person on group_members (workspace_id, person_id);

-- An assistant is shared with a person, a group, the whole workspace (guests aside), or whoever has a link and took it up.
create table shares (
  workspace_id id_text not null,
  id id_text not null,
  assistant_id id_text not null,
  grantee_kind text not null check (grantee_kind in ('person', 'group', 'workspace', 'link')),
  -- a person or a group; '' for the workspace; the share's own id for a link
  grantee_id id_text not null,
  access text not null check (access in ('use', 'view', 'edit')),
  created_by id_text not null references people (id),
  created_at bigint not null,
  -- Unix seconds; null: never
  expires_at bigint,
  -- of links only
  token_sha256 text unique,
  token_sealed text,
  password_hash text,
  guests bigint not null default 0,
  primary key (workspace_id, id),
  foreign key (workspace_id, assistant_id) references assistants (workspace_id, id) on delete cascade
);
create unique index shares_by_grantee on shares (workspace_id, assistant_id, grantee_kind, grantee_id);
create index shares_of_grantee on shares (workspace_id, grantee_kind, grantee_id);

create table share_redemptions (
  workspace_id id_text not null,
  share_id id_text not null,
  person_id id_text not null,
  redeemed_at bigint not null,
  primary key (workspace_id, share_id, person_id),
  foreign key (workspace_id, share_id) references shares (workspace_id, id) on delete cascade,
  foreign key (workspace_id, person_id) references memberships (workspace_id, person_id) on delete cascade
);
create index share_redemptions_by_person on share_redemptions (workspace_id, person_id);

-- JSON list of the only assistants it reaches; null: all that its person may use
alter table api_keys add column assistant_ids text;
alter table api_keys add column most text not null default 'own' check (most in ('use', 'own'));
-- made to hand an assistant to others: it lists nothing
alter table api_keys add column shared bigint not null default 0;
-- JSON list of origins that browsers may call from; null: any
alter table api_keys add column origins text;
alter table api_keys add column expires_at bigint;
alter table api_keys add column paused bigint not null default 0;

-- the key a thing was made with: a limited key sees only what it made
alter table threads add column made_by id_text;
alter table files add column made_by id_text;
alter table uploads add column made_by id_text;
alter table vector_stores add column made_by id_text;
alter table runs add column key_id id_text;

-- what the maker lets those who may only use it see and have
alter table assistants add column shows_citations bigint not null default 0;
alter table assistants add column mounts_files bigint not null default 0;
