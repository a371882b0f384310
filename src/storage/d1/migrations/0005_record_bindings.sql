-- In which of the databases RECORDS_0, RECORDS_1, … the records of a namespace's activations are kept:
-- chosen when it is made.
ALTER TABLE namespaces ADD COLUMN records INTEGER NOT NULL DEFAULT 0;
