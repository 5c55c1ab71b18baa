-- Whatever the program does wrong, what the audit log says stays said.
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only';
end
$$;
create trigger audit_entries_no_change before update or delete or truncate on audit_entries
  for each statement execute function refuse_audit_change();
