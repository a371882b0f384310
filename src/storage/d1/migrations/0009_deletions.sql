-- Namespaces that are being deleted, and those that were: what is still to be done. `pass` 2 is the last look, after
-- the longest run has ended. `cursor`: of the objects, how many are erased. `gone`: JSON of counts. `busy_until`: epoch
-- ms until which somebody works on it.
CREATE TABLE deletions (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  former TEXT NOT NULL,
  records INTEGER NOT NULL,
  began INTEGER NOT NULL,
  pass INTEGER NOT NULL,
  stage TEXT NOT NULL,
  cursor INTEGER NOT NULL,
  gone TEXT NOT NULL,
  busy_until INTEGER NOT NULL,
  ended INTEGER
);
CREATE INDEX deletions_by_name ON deletions (name, began);
CREATE INDEX deletions_open ON deletions (began) WHERE ended IS NULL;
