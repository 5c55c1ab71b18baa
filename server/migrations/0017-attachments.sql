-- Which assistants have a plugin: asked at each of its imports and when it is deleted.
create index assistant_plugins_by_plugin on assistant_plugins (workspace_id, plugin_id);
