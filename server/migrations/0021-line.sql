-- The line of a busy thread: messages and runs that wait for their turn (`queue: true`). A place is negative and rises with arrival; a
-- waiting message has it as its position, so it comes before none and after none of those that had their turn.
alter table threads add column next_place bigint not null default -1000000000000;
-- how many wait; there is no line without a run that is active
alter table threads add column waiting bigint not null default 0 check (waiting = 0 or active_run_id is not null);
-- null: not in line. Who waits is nobody's to claim.
alter table runs add column place bigint check (place is null or (status = 'queued' and due_ms is null));
create index runs_in_line on runs (workspace_id, thread_id, place) where place is not null;
