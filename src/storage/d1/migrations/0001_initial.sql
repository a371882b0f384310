-- Entities of all types share one name space per path: a name is an action, a package, a trigger or a rule.
CREATE TABLE entities (
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  namespace TEXT NOT NULL,
  type TEXT NOT NULL,
  revision TEXT NOT NULL,
  updated INTEGER NOT NULL,
  document TEXT,
  document_blob TEXT,
  summary TEXT,
  summary_blob TEXT,
  blobs TEXT NOT NULL,
  PRIMARY KEY (path, name)
);
CREATE INDEX entities_of_path ON entities (path, type, updated);
CREATE INDEX entities_of_namespace ON entities (namespace, type, updated);

-- Blobs that no entity owns, or not yet: deleted once they have been here long enough.
CREATE TABLE garbage (
  blob TEXT PRIMARY KEY NOT NULL,
  since INTEGER NOT NULL
);
CREATE INDEX garbage_since ON garbage (since);

CREATE TABLE subjects (
  subject TEXT PRIMARY KEY NOT NULL,
  blocked INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL
);

-- Limits the administrator set; a namespace without a row has none of its own.
CREATE TABLE namespaces (
  name TEXT PRIMARY KEY NOT NULL,
  limits TEXT NOT NULL
);

-- One row per key: a subject may open several namespaces, and several subjects one namespace.
CREATE TABLE identities (
  uuid TEXT PRIMARY KEY NOT NULL,
  subject TEXT NOT NULL,
  namespace TEXT NOT NULL,
  lookup TEXT NOT NULL,
  sealed_key TEXT NOT NULL,
  created INTEGER NOT NULL
);
CREATE UNIQUE INDEX identities_of_subject ON identities (subject, namespace);
CREATE INDEX identities_of_namespace ON identities (namespace, created);
