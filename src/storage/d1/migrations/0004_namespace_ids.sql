-- A namespace has a permanent id. What was there before takes the uuid of its oldest key, under which its activations
-- lie; those of its other keys lie under `former`, a JSON array.
ALTER TABLE namespaces ADD COLUMN id TEXT;
ALTER TABLE namespaces ADD COLUMN former TEXT NOT NULL DEFAULT '[]';
INSERT INTO namespaces (name, limits) SELECT DISTINCT namespace, '{}' FROM identities WHERE true
  ON CONFLICT (name) DO NOTHING;
UPDATE namespaces SET
  id = (SELECT uuid FROM identities WHERE namespace = namespaces.name ORDER BY created, uuid LIMIT 1),
  former = (SELECT json_group_array(uuid) FROM
    (SELECT uuid FROM identities WHERE namespace = namespaces.name ORDER BY created, uuid LIMIT -1 OFFSET 1));
CREATE UNIQUE INDEX namespaces_by_id ON namespaces (id);
