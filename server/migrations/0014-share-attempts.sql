-- Tries of passwords of share links and new guests, counted by link and client address; '' is the whole link.
create table share_attempts (
  workspace_id id_text not null,
  share_id id_text not null,
  -- what is counted: 'password' or 'guest'
  kind text not null,
  address text not null,
  -- Unix seconds: when the count began
  since bigint not null,
  attempts bigint not null,
  primary key (workspace_id, share_id, kind, address),
  foreign key (workspace_id, share_id) references shares (workspace_id, id) on delete cascade
);
