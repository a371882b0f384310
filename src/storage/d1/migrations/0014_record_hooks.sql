-- To where the records of a namespace are forwarded. `settings`: JSON; '' where the hook was taken away and its objects
-- have not all been told. `secret`: a row of secrets. `revision`: higher with each change; `told`: shards that have
-- been told of it; `changed`: epoch ms.
CREATE TABLE record_hooks (
  namespace_id TEXT PRIMARY KEY NOT NULL,
  settings TEXT NOT NULL,
  secret TEXT,
  revision INTEGER NOT NULL,
  told INTEGER NOT NULL,
  changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX record_hooks_by_told ON record_hooks (told);

-- The address itself may hold a secret: no line of the audit log has it.
CREATE TRIGGER audit_record_hook_made AFTER INSERT ON record_hooks BEGIN
  INSERT INTO audit_change VALUES ((SELECT name FROM namespaces WHERE id = new.namespace_id), 'forwarding.set', new.namespace_id, '{}');
END;
CREATE TRIGGER audit_record_hook_changed AFTER UPDATE OF settings ON record_hooks BEGIN
  INSERT INTO audit_change VALUES ((SELECT name FROM namespaces WHERE id = new.namespace_id),
    iif(new.settings = '', 'forwarding.delete', 'forwarding.set'), new.namespace_id, '{}');
END;
