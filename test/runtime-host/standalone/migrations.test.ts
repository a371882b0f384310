// Migrations: applied once, each with its note, and a state that a newer version has used is refused.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MIGRATIONS as activations } from "../../../durable-objects/activations/schema.ts";
import { MIGRATIONS as composition } from "../../../durable-objects/composition/schema.ts";
import { MIGRATIONS as metrics } from "../../../durable-objects/metrics/metrics-rows.ts";
import { MIGRATIONS as roster } from "../../../durable-objects/roster/roster-store.ts";
import { MIGRATIONS as schedule } from "../../../durable-objects/schedule/schema.ts";
import { MIGRATIONS as sinks } from "../../../durable-objects/sinks/schema.ts";
import { MIGRATIONS as sources } from "../../../durable-objects/sources/schema.ts";
import { MIGRATIONS as subscriptions } from "../../../durable-objects/subscriptions/schema.ts";
import { migrate, noteState, OBJECT_STEPS, refuseNewerState } from "../../../runtime-host/standalone/migrations.ts";

let folder: string;
let sqlite: DatabaseSync;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-migrations-"));
  sqlite = new DatabaseSync(":memory:");
  writeFileSync(join(folder, "0001_one.sql"), "CREATE TABLE one (a);");
  writeFileSync(join(folder, "0002_it's_two.sql"), "INSERT INTO one VALUES (1)");
  writeFileSync(join(folder, "README.md"), "no migration");
});
afterEach(() => {
  sqlite.close();
  rmSync(folder, { recursive: true });
});

const database = {
  query: async (sql: string) => sqlite.prepare(sql).all() as Record<string, unknown>[],
  script: async (sql: string) => sqlite.exec(sql),
};

it("are applied in order, and once", async () => {
  expect(await migrate(database, folder)).toEqual(["0001_one.sql", "0002_it's_two.sql"]);
  expect(await migrate(database, folder)).toEqual([]);
  writeFileSync(join(folder, "0003_three.sql"), "INSERT INTO one VALUES (2)");
  expect(await migrate(database, folder)).toEqual(["0003_three.sql"]);
  expect(sqlite.prepare("SELECT a FROM one ORDER BY a").all()).toMatchObject([{ a: 1 }, { a: 2 }]);
});

it("of a newer version are refused, by the database and before it by the folder", async () => {
  await migrate(database, folder);
  noteState(folder, { version: "9.0.0", migrations: folder });
  refuseNewerState(folder, folder);
  rmSync(join(folder, "0002_it's_two.sql"));
  await expect(migrate(database, folder)).rejects.toThrow(
    /written by a newer version \(its database has 0002_it's_two/,
  );
  expect(() => refuseNewerState(folder, folder)).toThrow(/written by version 9\.0\.0 .*another --state folder/);
});

it("of objects are as many as noted here, and a state with more of them is refused", () => {
  const steps = {
    ...{ ActivationStore: activations, Composition: composition, Metrics: metrics, Roster: roster, Schedule: schedule },
    ...{ Sinks: sinks, SourceFeeds: sources, Subscriptions: subscriptions },
  };
  const lengths = Object.fromEntries(Object.entries(steps).map(([name, list]) => [name, list.length]));
  expect(OBJECT_STEPS).toEqual(lengths);
  noteState(folder, { version: "9.0.0", migrations: folder });
  refuseNewerState(folder, folder);
  const note = (objects: object) =>
    writeFileSync(join(folder, "written-by.json"), JSON.stringify({ version: "9.0.0", migrations: [], objects }));
  note({ ...lengths, Schedule: schedule.length + 1 });
  expect(() => refuseNewerState(folder, folder)).toThrow(
    /written by version 9\.0\.0 \(its Schedule objects have \d+ steps/,
  );
  note({ ...lengths, Dreams: 1 });
  expect(() => refuseNewerState(folder, folder)).toThrow(/its Dreams objects have 1 steps of tables, .* knows 0/);
  note({ ActivationStore: 1 });
  refuseNewerState(folder, folder);
  writeFileSync(join(folder, "written-by.json"), JSON.stringify({ version: "0.0.1", migrations: [] }));
  refuseNewerState(folder, folder);
});

it("are left to the database where the folder's note cannot be read", () => {
  refuseNewerState(folder, folder);
  writeFileSync(join(folder, "written-by.json"), "{");
  refuseNewerState(folder, folder);
});
