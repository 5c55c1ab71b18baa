-- Plugins of every kind: what a plugin's own server says of itself, earlier versions, secrets, and more about each call.

-- an OpenAPI document or a list of MCP tools, as it was when this version was made
alter table plugins add column document text;
-- what an AzureCognitiveSearch plugin searches; picked by whoever imports it
alter table plugins add column vector_store_id id_text;
-- JSON {"function": "{arguments}"}: what the owner tries each function with
alter table plugins add column test_arguments text;

create table plugin_versions (
  workspace_id id_text not null,
  plugin_id id_text not null,
  version bigint not null,
  manifest text not null,
  document text,
  created_at bigint not null,
  created_by id_text not null references people (id),
  -- the version whose text this one brought back
  restored_from bigint,
  primary key (workspace_id, plugin_id, version),
  foreign key (workspace_id, plugin_id) references plugins (workspace_id, id) on delete cascade
);
insert into plugin_versions (workspace_id, plugin_id, version, manifest, created_at, created_by)
  select workspace_id, id, version, manifest, updated_at, owner_id from plugins;

-- sealed with the server's key (platform/sealing.ts); no route gives a value back
create table plugin_secrets (
  workspace_id id_text not null,
  plugin_id id_text not null,
  name text not null,
  sealed text not null,
  updated_at bigint not null,
  primary key (workspace_id, plugin_id, name),
  foreign key (workspace_id, plugin_id) references plugins (workspace_id, id) on delete cascade
);

alter table plugin_calls add column function_name text;
-- 'run': made by a run; 'client': /pluginapi; 'test': the owner tries it (assistant_id is '')
alter table plugin_calls add column origin text;
-- the run that waited while a client made this call
alter table plugin_calls add column for_run_id id_text;
-- JSON {"prompt_tokens", "completion_tokens", "requests"}: what chat() and the like cost
alter table plugin_calls add column model_usage text;
-- 1 when that is part of its run's usage
alter table plugin_calls add column model_usage_counted bigint not null default 0;
-- JSON: ids of the files made of its pictures
alter table plugin_calls add column picture_ids text;
create index plugin_calls_for_run on plugin_calls (workspace_id, for_run_id) where for_run_id is not null;
