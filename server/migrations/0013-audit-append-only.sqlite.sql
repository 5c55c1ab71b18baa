-- Whatever the program does wrong, what the audit log says stays said.
create trigger audit_entries_no_update before update on audit_entries
begin
  select raise(abort, 'the audit log is append-only');
end;
create trigger audit_entries_no_delete before delete on audit_entries
begin
  select raise(abort, 'the audit log is append-only');
end;
