-- A subject may have several keys to a namespace, each with a name of its own. `ends`: epoch ms from which it opens
-- nothing. `replaced_by`: uuid of the key that has taken its name, while this one is still good until it ends.
ALTER TABLE identities ADD COLUMN name TEXT NOT NULL DEFAULT 'default';
ALTER TABLE identities ADD COLUMN ends INTEGER;
ALTER TABLE identities ADD COLUMN replaced_by TEXT;
DROP INDEX identities_of_subject;
CREATE UNIQUE INDEX identities_named ON identities (subject, namespace, name) WHERE replaced_by IS NULL;
CREATE INDEX identities_of_subject ON identities (subject, namespace);
CREATE INDEX identities_replaced ON identities (ends) WHERE replaced_by IS NOT NULL;
-- open, blocked or deleting: only the first is opened by any key.
ALTER TABLE namespaces ADD COLUMN state TEXT NOT NULL DEFAULT 'open';
