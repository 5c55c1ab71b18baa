-- GET /threads lists a person's threads
create index threads_by_owner on threads (workspace_id, owner_id, id);
