-- Records of a namespace that left early, because the database was nearly full. `latest`: epoch ms of the start of the
-- last of them.
CREATE TABLE pruned (
  namespace_id TEXT PRIMARY KEY NOT NULL,
  records INTEGER NOT NULL,
  latest INTEGER NOT NULL
) WITHOUT ROWID;
