// `edgewhisk migrate` with the real wrangler, on databases of this machine.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { edgewhisk } from "../run.ts";

const state = mkdtempSync(join(tmpdir(), "edgewhisk-migrate-"));
afterAll(() => rmSync(state, { recursive: true, force: true }));
const STORAGE = new URL("../../../../src/storage/", import.meta.url);
const migrations = (folder: string) => readdirSync(new URL(`${folder}/migrations/`, STORAGE)).sort();
const env = { PATH: process.env.PATH ?? "", HOME: state };

it("applies all migrations to every database", { timeout: 300_000 }, async () => {
  const first = await edgewhisk(["migrate", "--local", "--state", state, "--json"], { env });
  expect(first.code, first.err).toBe(0);
  const told = first.out.trim().split("\n");
  expect(told.map((line) => JSON.parse(line))).toEqual([
    { database: "DB", applied: migrations("d1") },
    { database: "RECORDS_0", applied: migrations("records") },
  ]);
});

it("says which database it could not reach, with wrangler's words", { timeout: 300_000 }, async () => {
  const refused = await edgewhisk(["migrate"], { env });
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/DB was not brought up to date.*CLOUDFLARE_API_TOKEN/s);
});
