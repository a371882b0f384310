-- How many records of a namespace there are, and their bytes, as in `usage`, of the rows of `records` up to the one
-- that `marks` names 'counted' for: what came later is counted by and by, many rows at a time, so that a batch of
-- records costs no row for it.
CREATE TABLE counted (
  namespace_id TEXT PRIMARY KEY NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE marks (
  name TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counted (namespace_id, records, bytes) SELECT namespace_id, records, bytes FROM usage;
INSERT INTO marks (name, value) SELECT 'counted', coalesce(max(rowid), 0) FROM records;
-- The number of the newest row is given again when it has gone.
CREATE TRIGGER records_newest_taken AFTER DELETE ON records
WHEN old.rowid > (SELECT coalesce(max(rowid), 0) FROM records) BEGIN
  UPDATE marks SET value = (SELECT coalesce(max(rowid), 0) FROM records)
    WHERE name = 'counted' AND value > (SELECT coalesce(max(rowid), 0) FROM records);
END;
-- A Worker of the release before takes off from `usage` alone.
CREATE TRIGGER usage_taken AFTER UPDATE ON usage WHEN new.records < old.records BEGIN
  UPDATE counted SET records = max(0, records - (old.records - new.records)),
    bytes = max(0, bytes - max(0, old.bytes - new.bytes)) WHERE namespace_id = new.namespace_id;
END;
