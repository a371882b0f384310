-- Facts of the deployment itself, as JSON; `master-secret`: check values of the secrets in use.
CREATE TABLE deployment (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
);
