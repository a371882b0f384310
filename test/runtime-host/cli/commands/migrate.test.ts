// `edgewhisk migrate` on databases of this machine, which wrangler then finds up to date;
// and with wrangler on deployed ones.

import { execFile } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { edgewhisk } from "../run.ts";

const state = mkdtempSync(join(tmpdir(), "edgewhisk-migrate-"));
afterAll(() => rmSync(state, { recursive: true, force: true }));
const STORAGE = new URL("../../../../src/storage/", import.meta.url);
const migrations = (folder: string) => readdirSync(new URL(`${folder}/migrations/`, STORAGE)).sort();
const env = { PATH: process.env.PATH ?? "", HOME: state };

it("applies all migrations to every database, where wrangler looks for them", async () => {
  const first = await edgewhisk(["migrate", "--local", "--state", state, "--json"], { env });
  expect(first.code, first.err).toBe(0);
  const told = first.out.trim().split("\n");
  expect(told.map((line) => JSON.parse(line))).toEqual([
    { database: "DB", applied: migrations("d1") },
    { database: "RECORDS_0", applied: migrations("records") },
  ]);
  const again = await edgewhisk(["migrate", "--local", "--state", state], { env });
  expect(again.out).toBe("DB: is up to date\nRECORDS_0: is up to date\n");
  const program = join(
    dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
    "wrangler-dist/cli.js",
  );
  const list = ["d1", "migrations", "list", "RECORDS_0", "--local", "--persist-to", state];
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...list], { env: { ...env, CI: "1" } });
  expect(stdout).toContain("No migrations to apply!");
});

it("refuses databases of a newer version, and a state folder for deployed ones", async () => {
  const newer = mkdtempSync(join(state, "newer-"));
  cpSync(join(state, "v3"), join(newer, "v3"), { recursive: true });
  const note = "INSERT INTO d1_migrations (name) VALUES ('9999_later.sql')";
  for (const file of globSync(join(newer, "v3/d1/**/*.sqlite"))) {
    const database = new DatabaseSync(file);
    if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'd1_migrations'").get() !== undefined)
      database.exec(note);
    database.close();
  }
  const refused = await edgewhisk(["migrate", "--local", "--state", newer], { env });
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("written by a newer version");
  const misused = await edgewhisk(["migrate", "--state", state], { env });
  expect(misused.code).toBe(2);
  expect(misused.err).toContain("--state is of --local");
});

it("says which database it could not reach, with wrangler's words", async () => {
  const refused = await edgewhisk(["migrate"], { env });
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/DB was not brought up to date.*CLOUDFLARE_API_TOKEN/s);
});
