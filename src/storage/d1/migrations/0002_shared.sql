-- 1: whoever asks may see it in lists of this namespace (published packages that are not bindings).
ALTER TABLE entities ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
