-- Who signs in: what a person can prove, the sessions of browsers, and what is waiting for an answer. People are of no workspace, and so
-- is all of this; times that end in _ms are Unix milliseconds.

alter table people add column email_verified bigint not null default 0;
alter table people add column image text;
alter table people add column updated_at bigint;
alter table people add column two_factor_enabled bigint not null default 0;
-- made by single sign-on, and not yet told to whoever lets people in
alter table people add column awaits_admission bigint not null default 0;
-- Unix seconds; what was erased signs in nowhere
alter table people add column erased_at bigint;

create table sessions (
  id id_text primary key,
  person_id id_text not null references people (id) on delete cascade,
  -- of the token in the cookie, which is nowhere else
  token_sha256 text not null unique,
  created_ms bigint not null,
  updated_ms bigint not null,
  expires_ms bigint not null,
  address text,
  user_agent text
);
create index sessions_by_person on sessions (person_id, id);

-- a way for a person to sign in: a password (provider 'credential') or a provider's subject
create table accounts (
  id id_text primary key,
  person_id id_text not null references people (id) on delete cascade,
  provider text not null,
  subject text not null,
  -- scrypt with its salt; null for a provider's
  password_hash text,
  created_ms bigint not null,
  updated_ms bigint not null
);
create unique index accounts_by_subject on accounts (provider, subject);
create index accounts_by_person on accounts (person_id, id);

-- what was sent out and must come back: links to a new password, sign-ins under way
create table verifications (
  id id_text primary key,
  -- SHA-256 of what the other side holds
  identifier text not null,
  value_sealed text not null,
  expires_ms bigint not null,
  created_ms bigint not null,
  updated_ms bigint not null
);
create index verifications_by_identifier on verifications (identifier, created_ms);
create index verifications_by_end on verifications (expires_ms);

create table two_factors (
  id id_text primary key,
  person_id id_text not null unique references people (id) on delete cascade,
  secret_sealed text not null,
  backup_codes_sealed text not null,
  verified bigint not null default 0,
  failures bigint not null default 0,
  locked_until_ms bigint
);

-- Attempts at what can be guessed, by what is counted (an address, an account), which stands here as a hash.
create table sign_in_attempts (
  counted text primary key,
  attempts bigint not null,
  window_ends_ms bigint not null
);
create index sign_in_attempts_by_end on sign_in_attempts (window_ends_ms);
