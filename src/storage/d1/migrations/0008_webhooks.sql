-- Secrets of users, sealed for their purpose. `key_version`: which master secret sealed it.
CREATE TABLE secrets (
  id TEXT PRIMARY KEY NOT NULL,
  namespace_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  key_version TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created INTEGER NOT NULL
);
CREATE INDEX secrets_of_namespace ON secrets (namespace_id);

-- Inbound webhooks, one per trigger. `settings`: JSON. `secret`, `former_secret`: rows of secrets;
-- the former is good until then.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY NOT NULL,
  namespace TEXT NOT NULL,
  namespace_id TEXT NOT NULL,
  trigger_name TEXT NOT NULL,
  settings TEXT NOT NULL,
  created INTEGER NOT NULL,
  secret TEXT,
  former_secret TEXT,
  former_until INTEGER
);
CREATE UNIQUE INDEX webhooks_of_trigger ON webhooks (namespace_id, trigger_name);

-- `hash`: SHA-256 of the secret part of an address, in hex. `until`: epoch ms; null: for good.
CREATE TABLE webhook_addresses (
  hash TEXT PRIMARY KEY NOT NULL,
  webhook TEXT NOT NULL,
  created INTEGER NOT NULL,
  until INTEGER
);
CREATE INDEX webhook_addresses_of ON webhook_addresses (webhook);
