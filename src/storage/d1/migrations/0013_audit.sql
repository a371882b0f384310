-- The audit log: who changed what, when and from where. Lines of changes are made by the triggers below, in the
-- transaction of the change itself; what is refused, or changes nothing in this database, is written by the Worker. ''
-- where something is not known or does not apply.
CREATE TABLE audit (
  at INTEGER NOT NULL,
  via TEXT NOT NULL,
  subject TEXT NOT NULL,
  key_id TEXT NOT NULL,
  key_name TEXT NOT NULL,
  source TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  request TEXT NOT NULL,
  namespace TEXT NOT NULL,
  act TEXT NOT NULL,
  target TEXT NOT NULL,
  result TEXT NOT NULL,
  detail TEXT NOT NULL,
  count INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_subject ON audit (subject, at);
CREATE INDEX audit_by_namespace ON audit (namespace, at);
CREATE INDEX audit_refused ON audit (via, key_id, at) WHERE result = 'refused';
CREATE UNIQUE INDEX audit_counted ON audit (via, key_id, at) WHERE result = 'counted';

-- Who acts: one row, which is there only within a transaction that says so first and takes it back last.
CREATE TABLE audit_author (
  id INTEGER PRIMARY KEY NOT NULL,
  via TEXT NOT NULL,
  subject TEXT NOT NULL,
  key_id TEXT NOT NULL,
  key_name TEXT NOT NULL,
  source TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  request TEXT NOT NULL
);

-- A change, by whoever acts. Where nobody says so it is the platform's own, or of a release that knows of no audit.
CREATE VIEW audit_change AS SELECT namespace, act, target, detail FROM audit;
CREATE TRIGGER audit_changed INSTEAD OF INSERT ON audit_change BEGIN
  INSERT INTO audit (at, via, subject, key_id, key_name, source, transaction_id, request, namespace, act, target, result, detail)
  SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), coalesce(author.via, 'platform'), coalesce(author.subject, ''),
    coalesce(author.key_id, ''), coalesce(author.key_name, ''), coalesce(author.source, 'unknown'),
    coalesce(author.transaction_id, ''), coalesce(author.request, ''), coalesce(new.namespace, ''), new.act, new.target, 'done', new.detail
  FROM (SELECT 1) LEFT JOIN audit_author AS author ON author.id = 1;
END;

CREATE TRIGGER audit_entity_made AFTER INSERT ON entities BEGIN
  INSERT INTO audit_change VALUES (new.namespace, new.type || '.create', new.path || '/' || new.name,
    json_object('revision', new.revision));
END;
CREATE TRIGGER audit_entity_written AFTER UPDATE ON entities BEGIN
  INSERT INTO audit_change VALUES (new.namespace, new.type || '.update', new.path || '/' || new.name,
    json_object('revision', new.revision));
END;
-- What goes with its namespace is in the line of that.
CREATE TRIGGER audit_entity_gone AFTER DELETE ON entities
WHEN NOT EXISTS (SELECT 1 FROM namespaces WHERE name = old.namespace AND state = 'deleting') BEGIN
  INSERT INTO audit_change VALUES (old.namespace, old.type || '.delete', old.path || '/' || old.name,
    json_object('revision', old.revision));
END;

CREATE TRIGGER audit_subject_made AFTER INSERT ON subjects BEGIN
  INSERT INTO audit_change VALUES ('', 'subject.create', new.subject, '{}');
END;
CREATE TRIGGER audit_subject_blocked AFTER UPDATE OF blocked ON subjects WHEN old.blocked <> new.blocked BEGIN
  INSERT INTO audit_change VALUES ('', iif(new.blocked <> 0, 'subject.block', 'subject.unblock'), new.subject, '{}');
END;
CREATE TRIGGER audit_subject_gone AFTER DELETE ON subjects BEGIN
  INSERT INTO audit_change VALUES ('', 'subject.delete', old.subject, '{}');
END;

CREATE TRIGGER audit_namespace_made AFTER INSERT ON namespaces WHEN new.id IS NOT NULL BEGIN
  INSERT INTO audit_change VALUES (new.name, 'namespace.create', new.name, json_object('id', new.id));
END;
CREATE TRIGGER audit_namespace_settled AFTER UPDATE OF id ON namespaces WHEN old.id IS NULL AND new.id IS NOT NULL BEGIN
  INSERT INTO audit_change VALUES (new.name, 'namespace.create', new.name, json_object('id', new.id));
END;
CREATE TRIGGER audit_namespace_state AFTER UPDATE OF state ON namespaces WHEN old.state <> new.state BEGIN
  INSERT INTO audit_change VALUES (new.name, CASE new.state WHEN 'open' THEN 'namespace.unblock' WHEN 'blocked' THEN 'namespace.block'
    ELSE 'namespace.delete' END, new.name, json_object('id', new.id));
END;
CREATE TRIGGER audit_limits_made AFTER INSERT ON namespaces WHEN new.limits <> '{}' BEGIN
  INSERT INTO audit_change VALUES (new.name, 'limits.set', new.name,
    json_object('limits', iif(json_valid(new.limits), json(new.limits), NULL)));
END;
CREATE TRIGGER audit_limits_written AFTER UPDATE OF limits ON namespaces
WHEN old.limits <> new.limits AND new.state <> 'deleting' BEGIN
  INSERT INTO audit_change VALUES (new.name, iif(new.limits = '{}', 'limits.delete', 'limits.set'), new.name,
    json_object('limits', iif(json_valid(new.limits), json(new.limits), NULL),
      'before', iif(json_valid(old.limits), json(old.limits), NULL)));
END;
CREATE TRIGGER audit_limits_gone AFTER DELETE ON namespaces WHEN old.id IS NULL AND old.limits <> '{}' BEGIN
  INSERT INTO audit_change VALUES (old.name, 'limits.delete', old.name, '{}');
END;
CREATE TRIGGER audit_namespace_gone AFTER UPDATE OF ended ON deletions WHEN old.ended IS NULL AND new.ended IS NOT NULL BEGIN
  INSERT INTO audit_change VALUES (new.name, 'namespace.gone', new.name,
    json_object('id', new.id, 'gone', iif(json_valid(new.gone), json(new.gone), NULL)));
END;

CREATE TRIGGER audit_key_made AFTER INSERT ON identities BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'key.issue', new.uuid,
    json_object('subject', new.subject, 'name', new.name, 'ends', new.ends, 'role', new.role, 'scope', new.scope));
END;
CREATE TRIGGER audit_key_replaced AFTER UPDATE OF replaced_by ON identities
WHEN old.replaced_by IS NULL AND new.replaced_by IS NOT NULL BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'key.rotate', new.uuid,
    json_object('subject', new.subject, 'name', new.name, 'by', new.replaced_by, 'ends', new.ends));
END;
CREATE TRIGGER audit_key_exchanged AFTER UPDATE OF uuid ON identities WHEN old.uuid <> new.uuid BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'key.rotate', old.uuid,
    json_object('subject', new.subject, 'name', new.name, 'by', new.uuid, 'ends', new.ends));
END;
CREATE TRIGGER audit_key_changed AFTER UPDATE OF name, ends, role, scope ON identities
WHEN old.replaced_by IS new.replaced_by AND (old.name <> new.name OR old.ends IS NOT new.ends OR old.role <> new.role
  OR old.scope IS NOT new.scope) BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'key.change', new.uuid,
    json_object('subject', new.subject, 'name', new.name, 'ends', new.ends, 'role', new.role, 'scope', new.scope,
      'before', json_object('name', old.name, 'ends', old.ends, 'role', old.role, 'scope', old.scope)));
END;
CREATE TRIGGER audit_key_gone AFTER DELETE ON identities BEGIN
  INSERT INTO audit_change VALUES (old.namespace, 'key.revoke', old.uuid,
    json_object('subject', old.subject, 'name', old.name, 'replaced', old.replaced_by));
END;

CREATE TRIGGER audit_retention_made AFTER INSERT ON retention WHEN new.policy <> '{}' BEGIN
  INSERT INTO audit_change VALUES ((SELECT name FROM namespaces WHERE id = new.namespace_id), 'retention.set', new.namespace_id,
    json_object('policy', iif(json_valid(new.policy), json(new.policy), NULL)));
END;
CREATE TRIGGER audit_retention_written AFTER UPDATE OF policy ON retention WHEN old.policy <> new.policy BEGIN
  INSERT INTO audit_change VALUES ((SELECT name FROM namespaces WHERE id = new.namespace_id), 'retention.set', new.namespace_id,
    json_object('policy', iif(json_valid(new.policy), json(new.policy), NULL),
      'before', iif(json_valid(old.policy), json(old.policy), NULL)));
END;

CREATE TRIGGER audit_webhook_made AFTER INSERT ON webhooks BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'webhook.create', new.namespace || '/' || new.trigger_name, '{}');
END;
CREATE TRIGGER audit_webhook_changed AFTER UPDATE OF settings ON webhooks BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'webhook.change', new.namespace || '/' || new.trigger_name, '{}');
END;
CREATE TRIGGER audit_webhook_gone AFTER DELETE ON webhooks BEGIN
  INSERT INTO audit_change VALUES (old.namespace, 'webhook.delete', old.namespace || '/' || old.trigger_name, '{}');
END;

CREATE TRIGGER audit_administrator_made AFTER INSERT ON administrators BEGIN
  INSERT INTO audit_change VALUES ('', 'administrator.create', new.name, json_object('role', new.role, 'ends', new.ends));
END;
CREATE TRIGGER audit_administrator_changed AFTER UPDATE ON administrators BEGIN
  INSERT INTO audit_change VALUES ('', 'administrator.change', new.name,
    json_object('role', new.role, 'ends', new.ends, 'token', iif(old.digest = new.digest, 'same', 'new'),
      'before', json_object('role', old.role, 'ends', old.ends)));
END;
CREATE TRIGGER audit_administrator_gone AFTER DELETE ON administrators BEGIN
  INSERT INTO audit_change VALUES ('', 'administrator.delete', old.name, json_object('role', old.role));
END;

CREATE TRIGGER audit_subscription_made AFTER INSERT ON subscriptions BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'subscription.create', new.namespace || '/' || new.trigger_name,
    json_object('kind', new.kind));
END;
CREATE TRIGGER audit_subscription_changed AFTER UPDATE ON subscriptions WHEN old.revision <> new.revision BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'subscription.change', new.namespace || '/' || new.trigger_name,
    json_object('kind', new.kind, 'paused', new.paused));
END;
CREATE TRIGGER audit_subscription_gone AFTER DELETE ON subscriptions BEGIN
  INSERT INTO audit_change VALUES (old.namespace, 'subscription.delete', old.namespace || '/' || old.trigger_name,
    json_object('kind', old.kind));
END;
