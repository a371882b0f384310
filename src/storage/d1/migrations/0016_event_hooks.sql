-- To where the user events of a namespace are sent: columns as of record_hooks.
CREATE TABLE event_hooks (
  namespace_id TEXT PRIMARY KEY NOT NULL,
  settings TEXT NOT NULL,
  secret TEXT,
  revision INTEGER NOT NULL,
  told INTEGER NOT NULL,
  changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX event_hooks_by_told ON event_hooks (told);

-- The address itself may hold a secret: no line of the audit log has it.
CREATE TRIGGER audit_event_hook_made AFTER INSERT ON event_hooks BEGIN
  INSERT INTO audit_change VALUES ((SELECT name FROM namespaces WHERE id = new.namespace_id), 'events.set', new.namespace_id, '{}');
END;
CREATE TRIGGER audit_event_hook_changed AFTER UPDATE OF settings ON event_hooks BEGIN
  INSERT INTO audit_change VALUES ((SELECT name FROM namespaces WHERE id = new.namespace_id),
    iif(new.settings = '', 'events.delete', 'events.set'), new.namespace_id, '{}');
END;
