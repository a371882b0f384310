-- Subscriptions to message brokers, one per trigger. `revision`: new with each write. `settings`: JSON. `shards`:
-- activation stores of the namespace when it was made. `secret`: a row of secrets, or NULL.
CREATE TABLE subscriptions (
  id TEXT PRIMARY KEY NOT NULL,
  revision TEXT NOT NULL,
  namespace TEXT NOT NULL,
  namespace_id TEXT NOT NULL,
  trigger_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  settings TEXT NOT NULL,
  paused INTEGER NOT NULL,
  shards INTEGER NOT NULL,
  api_host TEXT NOT NULL,
  created INTEGER NOT NULL,
  secret TEXT
);
CREATE UNIQUE INDEX subscriptions_of_trigger ON subscriptions (namespace_id, trigger_name);
