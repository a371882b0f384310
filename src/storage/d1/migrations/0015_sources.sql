-- Sources (databases, buckets, queues that the operator has declared) that a namespace may read. `kind`: d1,
-- r2 or queue.
CREATE TABLE source_grants (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  namespace_id TEXT NOT NULL,
  namespace TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (kind, name, namespace_id)
) WITHOUT ROWID;
CREATE INDEX source_grants_of_namespace ON source_grants (namespace_id);

-- Which triggers have a feed of which source. What the feed was told stands in the namespace's Sources object.
CREATE TABLE source_feeds (
  namespace_id TEXT NOT NULL,
  trigger_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (namespace_id, trigger_name)
) WITHOUT ROWID;
CREATE INDEX source_feeds_of_source ON source_feeds (kind, source);

CREATE TRIGGER audit_source_granted AFTER INSERT ON source_grants BEGIN
  INSERT INTO audit_change VALUES (new.namespace, 'source.grant', new.kind || '/' || new.name, json_object('namespace', new.namespace_id));
END;
CREATE TRIGGER audit_source_revoked AFTER DELETE ON source_grants BEGIN
  INSERT INTO audit_change VALUES (old.namespace, 'source.revoke', old.kind || '/' || old.name, json_object('namespace', old.namespace_id));
END;
