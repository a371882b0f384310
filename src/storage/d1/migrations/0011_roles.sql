-- What a key may do, and with which names. `role`: owner, developer, invoker or reader. `scope`: JSON array of
-- patterns; null: all names.
ALTER TABLE identities ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';
ALTER TABLE identities ADD COLUMN scope TEXT;
-- Who administers the deployment beside whoever holds ADMIN_TOKEN. `digest`: SHA-256 of the token, in hex. `ends`:
-- epoch ms from which it opens nothing.
CREATE TABLE administrators (
  name TEXT PRIMARY KEY NOT NULL,
  role TEXT NOT NULL,
  digest TEXT NOT NULL,
  created INTEGER NOT NULL,
  ends INTEGER
);
CREATE UNIQUE INDEX administrators_by_digest ON administrators (digest);
