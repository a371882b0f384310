// The tables of migrations/, as Drizzle knows them; a test compares both. What each column means is in ../SCHEMA.md.

import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { EntityType } from "../entity-store.ts";

/** Actions, packages, triggers and rules, keyed by (path, name). SCHEMA.md says what each column holds, here and
 * below. */
export const entities = sqliteTable(
  "entities",
  {
    path: text().notNull(),
    name: text().notNull(),
    namespace: text().notNull(),
    type: text().$type<EntityType>().notNull(),
    revision: text().notNull(),
    updated: integer().notNull(),
    document: text(),
    documentBlob: text("document_blob"),
    summary: text(),
    summaryBlob: text("summary_blob"),
    blobs: text().notNull(),
    shared: integer().notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.path, table.name] }),
    index("entities_of_path").on(table.path, table.type, table.updated),
    index("entities_of_namespace").on(table.namespace, table.type, table.updated),
  ],
);

/** Keys in the blob store that no entity owns, since when (epoch ms). */
export const garbage = sqliteTable("garbage", { blob: text().primaryKey(), since: integer().notNull() }, (table) => [
  index("garbage_since").on(table.since),
]);

/** Who has keys; blocked ones open nothing. */
export const subjects = sqliteTable("subjects", {
  subject: text().primaryKey(),
  blocked: integer().notNull().default(0),
  created: integer().notNull(),
});

/** Namespaces with their permanent ids and their limits. They outlive their keys. */
export const namespaces = sqliteTable(
  "namespaces",
  {
    name: text().primaryKey(),
    limits: text().notNull(),
    id: text(),
    former: text().notNull().default("[]"),
    records: integer().notNull().default(0),
  },
  (table) => [uniqueIndex("namespaces_by_id").on(table.id)],
);

/** Facts of the deployment itself. */
export const deployment = sqliteTable("deployment", { name: text().primaryKey(), value: text().notNull() });

/** Keys: one row for each, of one subject to one namespace. */
export const identities = sqliteTable(
  "identities",
  {
    uuid: text().primaryKey(),
    subject: text().notNull(),
    namespace: text().notNull(),
    lookup: text().notNull(),
    sealedKey: text("sealed_key").notNull(),
    created: integer().notNull(),
  },
  (table) => [
    uniqueIndex("identities_of_subject").on(table.subject, table.namespace),
    index("identities_of_namespace").on(table.namespace, table.created),
  ],
);
