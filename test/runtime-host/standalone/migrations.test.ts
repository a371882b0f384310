// Migrations: applied once, each with its note, and a state that a newer version has used is refused.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { migrate, noteState, refuseNewerState } from "../../../runtime-host/standalone/migrations.ts";

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

it("are left to the database where the folder's note cannot be read", () => {
  refuseNewerState(folder, folder);
  writeFileSync(join(folder, "written-by.json"), "{");
  refuseNewerState(folder, folder);
});
