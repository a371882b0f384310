-- How many records of a namespace there are, and their bytes: of the texts, and of results and logs that lie in the
-- blob store. Kept by who puts and deletes records, in the same transaction.
CREATE TABLE usage (
  namespace_id TEXT PRIMARY KEY NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO usage (namespace_id, records, bytes)
  SELECT namespace_id, count(*), sum(octet_length(record) + iif(json_valid(record),
    coalesce(record ->> '$.result.size', 0) + coalesce(record ->> '$.logs.size', 0), 0))
  FROM records GROUP BY namespace_id;
