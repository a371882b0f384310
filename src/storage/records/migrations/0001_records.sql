-- Activation records of many namespaces, each as a whole: `record` is its JSON, `checksum` that text's. The other
-- columns repeat what people filter by; they are null where the JSON cannot be read.
CREATE TABLE records (
  id TEXT PRIMARY KEY NOT NULL,
  namespace_id TEXT NOT NULL,
  list_name TEXT NOT NULL,
  start INTEGER NOT NULL,
  ended INTEGER,
  duration INTEGER,
  namespace TEXT,
  subject TEXT,
  kind TEXT,
  cause TEXT,
  status_code INTEGER,
  checksum INTEGER NOT NULL,
  record TEXT NOT NULL
);
CREATE INDEX records_by_start ON records (namespace_id, start, id);
CREATE INDEX records_by_name ON records (namespace_id, list_name, start, id);
