-- How long the records of a namespace are kept. `policy`: JSON of what an administrator has set; `kept_from`: epoch ms,
-- what started before is gone or going; `due`: epoch ms at which it is looked at next; `fault`:
-- why the last look failed.
CREATE TABLE retention (
  namespace_id TEXT PRIMARY KEY NOT NULL,
  policy TEXT NOT NULL DEFAULT '{}',
  kept_from INTEGER NOT NULL DEFAULT 0,
  due INTEGER NOT NULL DEFAULT 0,
  fault TEXT
) WITHOUT ROWID;
CREATE INDEX retention_by_due ON retention (due);
