-- How many records of a namespace began in a piece of time, both ends included, so that a count need not look at each
-- of them. `list_name` '': of all names. Whoever counts makes a piece; what adds or takes a record within it ends it.
CREATE TABLE record_counts (
  namespace_id TEXT NOT NULL,
  list_name TEXT NOT NULL,
  last INTEGER NOT NULL,
  first INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (namespace_id, list_name, last)
) WITHOUT ROWID;
CREATE TRIGGER records_added AFTER INSERT ON records BEGIN
  DELETE FROM record_counts WHERE namespace_id = new.namespace_id AND list_name IN ('', new.list_name)
    AND last >= new.start AND first <= new.start;
END;
CREATE TRIGGER records_taken AFTER DELETE ON records BEGIN
  DELETE FROM record_counts WHERE namespace_id = old.namespace_id AND list_name IN ('', old.list_name)
    AND last >= old.start AND first <= old.start;
END;
