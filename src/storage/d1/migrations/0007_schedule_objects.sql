-- Which Schedule objects keep schedules: one row per object. The sweep wakes them by turns, should an alarm be lost.
-- `stamp` is new with each entry.
CREATE TABLE schedule_objects (
  name TEXT PRIMARY KEY,
  stamp TEXT NOT NULL
) WITHOUT ROWID;
