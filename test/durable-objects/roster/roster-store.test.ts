// How many schedulers a host's token opens, also where it was made before that was said.

import { expect, test } from "vitest";
import { RosterStore } from "../../../durable-objects/roster/roster-store.ts";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { openDatabase } from "../clock.ts";

test("a store that is full is told of until it takes records again, or has not said so for long", () => {
  const store = new RosterStore(openDatabase());
  store.setFull("ns:01", "a reason", 1_000);
  store.setFull("ns:02", "another", 2_000);
  expect(store.full(3_000)).toEqual([
    { store: "ns:01", why: "a reason" },
    { store: "ns:02", why: "another" },
  ]);
  store.setFull("ns:02", null, 4_000);
  expect(store.full(5_000)).toEqual([{ store: "ns:01", why: "a reason" }]);
  expect(store.full(301_001)).toEqual([]);
});

test("a token made before is for as many schedulers as a host may have, until it is made anew for fewer", () => {
  const database = openDatabase();
  migrate(database, [
    [
      "CREATE TABLE hosts (name TEXT PRIMARY KEY, digest TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID",
      "CREATE TABLE schedulers (name TEXT PRIMARY KEY, host TEXT NOT NULL, entry TEXT NOT NULL) WITHOUT ROWID",
      "CREATE TABLE waiting (store TEXT PRIMARY KEY) WITHOUT ROWID",
    ],
  ]);
  database.sql.exec("INSERT INTO hosts (name, digest, created) VALUES ('old', 'd', 1)");
  const book = new RosterStore(database);
  expect(book.host("old")).toEqual({ digest: "d", shards: 16 });
  book.setHost("old", "e", { now: 2 });
  expect(book.host("old")).toEqual({ digest: "e", shards: 16 });
  book.setHost("old", "f", { now: 3, shards: 2 });
  book.setHost("new", "g", { now: 3 });
  expect(book.hosts()).toEqual([
    { name: "new", created: 3, shards: 1 },
    { name: "old", created: 3, shards: 2 },
  ]);
});
