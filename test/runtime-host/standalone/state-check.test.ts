// Damaged state folders: what the check says of each, and what salvaging leaves.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { headFault, kindOf } from "../../../runtime-host/standalone/databases.ts";
import { checkState, damageOf } from "../../../runtime-host/standalone/state-check.ts";

const D1 = "v3/d1/miniflare-D1DatabaseObject/aa.sqlite";
const BLOBS = "v3/r2/miniflare-R2BucketObject/bb.sqlite";
const ROSTER = "v3/do/edgewhisk-Roster/cc.sqlite";
const STORE = "v3/do/edgewhisk-ActivationStore/dd.sqlite";
const GATE = "v3/do/edgewhisk-Gate/ee.sqlite";
const IDS = Array.from({ length: 30 }, (_, at) => `018bcfe5680${at.toString(16).padStart(21, "0")}`);

let folder: string;
const path = (file: string) => join(folder, file);

function make(file: string, table: string, texts: readonly string[] = ["x"]): void {
  fs.mkdirSync(dirname(path(file)), { recursive: true });
  const database = new DatabaseSync(path(file));
  database.exec(`PRAGMA journal_mode = WAL; CREATE TABLE ${table} (text TEXT); CREATE INDEX i ON ${table} (text)`);
  const insert = database.prepare(`INSERT INTO ${table} VALUES (?)`);
  for (const text of texts) insert.run(text + "-".repeat(2_000));
  database.close();
}

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "state-check-"));
  make(D1, "d1_migrations", ["a", "b", "c", "d", "e", "f", "g", "h"]);
  make(BLOBS, "_mf_objects");
  make(ROSTER, "schema_version");
  make(STORE, "schema_version", IDS);
  make(GATE, "_cf_KV");
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const refusal = () =>
  checkState(folder, { salvage: false }).then(
    () => "nothing",
    (error: Error) => `${error.name}: ${error.message}`,
  );

it("a state that is whole is not worth a word, and neither is one that was never used", async () => {
  expect(await checkState(folder, { salvage: false })).toEqual([]);
  expect(await damageOf(folder)).toBeNull();
  expect(await checkState(join(folder, "none"), { salvage: false })).toEqual([]);
  expect(fs.existsSync(path("salvaged"))).toBe(false);
});

it("entities that are gone with their file are no new state; what is left of their folder is moved aside", async () => {
  make(D1.replace("aa", "metadata"), "_cf_ALARM");
  for (const gone of [path(D1), path("v3/d1")]) {
    fs.rmSync(gone, { recursive: true });
    expect(await refusal()).toMatch(
      /v3\/d1\/ is damaged \(its database is missing\): all actions, .* may be lost; restore/,
    );
  }
  make(D1.replace("aa", "metadata"), "_cf_ALARM");
  expect((await checkState(folder, { salvage: true })).join()).toContain("its database is missing");
  expect(fs.existsSync(path("v3/d1"))).toBe(false);
  // A state in which nothing was called yet is a new one.
  fs.rmSync(path(STORE));
  expect(await checkState(folder, { salvage: false })).toEqual([]);
});

describe("a database is found out", () => {
  const half = (file: string) => fs.truncateSync(path(file), fs.statSync(path(file)).size / 2);
  const flip = (file: string, at: number) => {
    const bytes = fs.readFileSync(path(file));
    for (let n = 0; n < 64; n++) bytes[at + n] = (bytes[at + n] ?? 0) ^ 0xff;
    fs.writeFileSync(path(file), bytes);
  };

  it("and one id in it is told as one", async () => {
    fs.rmSync(path(STORE));
    make(STORE, "schema_version", IDS.slice(0, 1));
    flip(STORE, 4_096);
    expect(await refusal()).toMatch(/ \(1 id\) may be lost/);
  });

  it.each<[string, string, (file: string) => void, RegExp]>([
    [
      "of which half is there",
      D1,
      half,
      /\d+ of its \d+ bytes are there\): all actions, packages, triggers, rules and keys/,
    ],
    ["that is empty", D1, (file) => fs.truncateSync(path(file), 0), /it is empty/],
    [
      "whose head is overwritten",
      ROSTER,
      (file) => flip(file, 0),
      /it is no database any more\): the tokens of further hosts/,
    ],
    [
      "whose pages are overwritten",
      STORE,
      (file) => flip(file, 4_096),
      /records and waiting calls .*\(30 ids\) may be lost/,
    ],
    [
      "whose tables are gone",
      BLOBS,
      (file) => {
        fs.rmSync(path(file));
        make(file, "other");
      },
      /its tables are gone/,
    ],
    ["that is rubbish", GATE, (file) => fs.writeFileSync(path(file), "rubbish"), /it is no database any more/],
  ])("%s", async (_, file, damage, words) => {
    damage(file);
    const said = await refusal();
    expect(said).toMatch(/^StartFailure: [^.]*\/v3\/.*\.sqlite is damaged \(/);
    expect(said).toContain(path(file));
    expect(said).toMatch(words);
    expect(said).toContain("start with --salvage");
    expect(said.split("\n")).toHaveLength(1);
    const lines = await checkState(folder, { salvage: true });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(file);
    expect(fs.existsSync(path(file))).toBe(false);
    expect(await checkState(folder, { salvage: false })).toEqual([]);
  });

  it("and another: one sentence names the first and counts the others", async () => {
    half(D1);
    half(STORE);
    expect(await refusal()).toMatch(/aa\.sqlite is damaged \(.*\), and 1 more: all actions/);
  });
});

it("salvaging tells the ids, some in the line and all in a file beside what was moved", async () => {
  fs.truncateSync(path(STORE), fs.statSync(path(STORE)).size - 4_096);
  fs.writeFileSync(`${path(STORE)}-wal`, "");
  const [line = ""] = await checkState(folder, { salvage: true, now: new Date(0) });
  const moved = path(`salvaged/1970-01-01T00-00-00-000Z/${STORE}`);
  expect(line).toContain(`is now ${moved}`);
  expect(line).toContain(IDS[0]);
  const listed = fs.readFileSync(`${moved}.ids`, "utf8").trim().split("\n");
  expect(listed.length).toBeGreaterThan(25);
  expect(IDS).toEqual(expect.arrayContaining(listed));
  expect(fs.existsSync(`${moved}-wal`)).toBe(true);
});

it("a file that is shorter than its head says is no fault while its log may hold the rest", () => {
  const head = fs.readFileSync(path(D1)).subarray(0, 100);
  expect(headFault(head, { size: 4_096, logged: true })).toBeNull();
  expect(headFault(head, { size: 4_096, logged: false })).toMatch(/^4096 of its/);
});

it("the objects of calls that are counted, and of epochs, are told by their classes, also by what those were called", () => {
  expect(kindOf("v3/do/edgewhisk-Throttle/a.sqlite").holds).toMatch(/in the last minute$/);
  for (const name of ["EntityEpoch", "Gate"]) {
    const { holds, ids } = kindOf(`v3/do/edgewhisk-${name}/a.sqlite`);
    expect([ids, holds]).toEqual([false, expect.stringMatching(/begins anew/)]);
  }
});

it("the databases of records are told from that of the entities by their files, and do not stand for it", async () => {
  const records =
    "v3/d1/miniflare-D1DatabaseObject/a36f84ea60804f30bb0c7f7cad9f5336a6cca0165abdab8b9241d93dbf0b6006.sqlite";
  expect(kindOf(records)).toMatchObject({ holds: "records of activations", ids: true });
  expect(kindOf(D1).holds).toContain("all actions");
  make(records, "d1_migrations", IDS);
  expect(await refusal()).toBe("nothing");
  fs.rmSync(path(D1));
  expect(await refusal()).toMatch(/v3\/d1\/ is damaged \(its database is missing\): all actions/);
});
