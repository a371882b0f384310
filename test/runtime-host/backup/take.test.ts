// A backup of a folder that others write to, and its restore, without a platform: what the e2e test cannot time.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blobsNamedBy } from "../../../runtime-host/backup/copies.ts";
import { restoreBackup } from "../../../runtime-host/backup/put-back.ts";
import { filesOf, isAllowed, othersOf, STAGES } from "../../../runtime-host/backup/stages.ts";
import { filesBelow, takeBackup } from "../../../runtime-host/backup/take.ts";
import { isBackedUp, noteBackup } from "../../../runtime-host/machine/backup-note.ts";

const OBJECT = "a".repeat(64);
const STORE = `v3/do/edgewhisk-ActivationStore/${OBJECT}.sqlite`;
const ENTITIES = `v3/d1/miniflare-D1DatabaseObject/${OBJECT}.sqlite`;
const INDEX = `v3/r2/miniflare-R2BucketObject/${OBJECT}.sqlite`;
let folder: string;
let state: string;
let open: DatabaseSync[] = [];
const lines: string[] = [];
const progress = (line: string) => lines.push(line);
const passphrase = () => Promise.reject(new Error("nobody was to be asked"));
const take = (file = "one") => takeBackup({ state, file: join(folder, file), passphrase: null, progress });
const restore = (file = "one", to = "restored") =>
  restoreBackup({ state: join(folder, to), file: join(folder, file), passphrase, progress });

function put(path: string, text: string): void {
  mkdirSync(dirname(join(state, path)), { recursive: true, mode: 0o700 });
  writeFileSync(join(state, path), text, { mode: 0o600 });
}

/** As workerd keeps it: open, with a write-ahead log. */
function database(path: string, ...statements: string[]): DatabaseSync {
  mkdirSync(dirname(join(state, path)), { recursive: true });
  const made = new DatabaseSync(join(state, path));
  made.exec("PRAGMA journal_mode = WAL");
  for (const each of statements) made.exec(each);
  open.push(made);
  return made;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "backup-test-"));
  state = join(folder, "state");
  mkdirSync(state, { mode: 0o700 });
  put("secrets.json", '{"adminToken":"t"}');
  put("lock", "{}");
  put("running.json", "{}");
  put("host/outbox/000000000001.log", "line\n");
  put("host/containers/1", "gone with its process");
  put("v3/r2/edgewhisk/blobs/b1", "one");
  put("v3/r2/edgewhisk/blobs/stray", "nobody names it");
  put("something-new.json", "of a later version");
  database(STORE, "CREATE TABLE records (id TEXT)", "INSERT INTO records VALUES ('r1')");
  database(ENTITIES, "CREATE TABLE d1_migrations (name TEXT)");
  database(
    INDEX,
    "CREATE TABLE _mf_objects (key TEXT, blob_id TEXT)",
    "CREATE TABLE _mf_multipart_parts (blob_id TEXT, object_key TEXT)",
    "INSERT INTO _mf_objects VALUES ('k', 'b1')",
  );
});
afterEach(() => {
  for (const each of open) each.close();
  open = [];
  rmSync(folder, { recursive: true, force: true });
});

describe("a backup", () => {
  it("is the user's alone, holds what is in write-ahead logs, and leaves the folder as it was", async () => {
    const before = filesBelow(state);
    const taken = await take();
    expect(statSync(taken.file).mode & 0o777).toBe(0o600);
    expect(filesBelow(state)).toEqual(before);
    const restored = await restore();
    expect(restored).toMatchObject({ files: taken.files, bytes: taken.bytes });
    expect(filesBelow(restored.state)).toEqual(
      [
        STORE,
        ENTITIES,
        INDEX,
        "host/outbox/000000000001.log",
        "secrets.json",
        "something-new.json",
        "v3/r2/edgewhisk/blobs/b1",
      ].sort(),
    );
    expect(statSync(restored.state).mode & 0o777).toBe(0o700);
    const copy = new DatabaseSync(join(restored.state, STORE), { readOnly: true });
    open.push(copy);
    expect(copy.prepare("SELECT id FROM records").all()).toEqual([{ id: "r1" }]);
  });

  it("names no blob that is not in it, though blobs are replaced meanwhile", async () => {
    const index = open.at(-1) as DatabaseSync;
    let n = 0;
    // As R2 does it: the new one, the row, and then the old one is gone.
    const replacing = setInterval(() => {
      if (n === 40) return;
      put(`v3/r2/edgewhisk/blobs/n${++n}`, "new");
      index.exec(`UPDATE _mf_objects SET blob_id = 'n${n}'`);
      rmSync(join(state, `v3/r2/edgewhisk/blobs/${n === 1 ? "b1" : `n${n - 1}`}`));
    }, 2);
    try {
      await take();
    } finally {
      clearInterval(replacing);
    }
    const { state: restored } = await restore();
    const [id = ""] = blobsNamedBy(join(restored, INDEX));
    expect(n).toBeGreaterThan(3);
    expect(existsSync(join(restored, "v3/r2/edgewhisk/blobs", id))).toBe(true);
  });

  it("writes over nothing, and is not there at all where it could not be made", async () => {
    writeFileSync(join(folder, "one"), "mine");
    await expect(take()).rejects.toThrow("is there already");
    expect(readFileSync(join(folder, "one"), "utf8")).toBe("mine");
    await expect(take("no/such/folder")).rejects.toThrow("ENOENT");
    expect(readdirSync(folder).sort()).toEqual(["one", "state"]);
    expect(isBackedUp(state)).toBe(false);
    rmSync(join(state, "secrets.json"));
    await expect(take("two")).rejects.toThrow("there is no state");
  });

  it("is one at a time; one that was killed holds up nobody", async () => {
    expect(noteBackup(state)).toBe(true);
    expect(isBackedUp(state)).toBe(true);
    await expect(take()).rejects.toThrow("another backup");
    put("backup.json", JSON.stringify({ pid: process.pid, started: "another time" }));
    put(`backup-${process.pid + 1}/v3/left`, "behind");
    writeFileSync(join(folder, "one.partial"), "half");
    await take();
    expect(readdirSync(state)).not.toContain(`backup-${process.pid + 1}`);
    expect(readdirSync(folder)).toEqual(["one", "state"]);
  });

  it("is not begun where its copies would fill the disk that the platform needs", async () => {
    const begun = takeBackup({ state, file: join(folder, "one"), passphrase: null, progress, free: 100_000_000 });
    await expect(begun).rejects.toThrow(/\d+\.\d MB more must be free/);
    expect(readdirSync(folder)).toEqual(["state"]);
    expect(isBackedUp(state)).toBe(false);
  });

  it("of a damaged database is refused with the file's name", async () => {
    for (const each of open.splice(0)) each.close();
    writeFileSync(join(state, STORE), Buffer.alloc(8_192, 0x5a));
    await expect(take()).rejects.toThrow(/damaged|not a database/);
    expect(readdirSync(folder)).toEqual(["state"]);
  });
});

describe("a restore", () => {
  it("goes into an empty folder, and leaves nothing where the file is not whole", async () => {
    const { file } = await take();
    await expect(restore("one", "state")).rejects.toThrow("is not empty");
    mkdirSync(join(folder, "restored"));
    const bytes = readFileSync(file);
    for (const [name, half] of [
      ["half", bytes.subarray(0, bytes.length / 2)],
      ["flipped", Buffer.concat([bytes.subarray(0, 500), Buffer.from([bytes[500]! ^ 1]), bytes.subarray(501)])],
    ] as const) {
      writeFileSync(join(folder, name), half);
      await expect(restore(name), name).rejects.toThrow(/not whole|altered/);
      expect(readdirSync(join(folder, "restored"))).toEqual([]);
    }
    expect(readdirSync(folder).filter((name) => name.includes("restoring"))).toEqual([]);
    await restore();
  });

  it.each(["../x", "/etc/passwd", "a//b", "a/./b", "lock", "v3/x.sqlite-wal", "a\\b", "", "running.json"])(
    "does not write %j",
    (path) => expect(isAllowed(path)).toBe(false),
  );
});

it("copies what moves where it comes from before where it goes to, and blobs last", () => {
  const files = [
    `v3/do/edgewhisk-Composition/${OBJECT}.sqlite`,
    "v3/do/edgewhisk-Composition/metadata.sqlite",
    STORE,
    `v3/d1/miniflare-D1DatabaseObject/${OBJECT}.sqlite`,
    INDEX,
    "host/outbox/000000000001.log",
    "secrets.json",
    "v3/do/edgewhisk-Of-Later/folder/strange.sqlite",
  ];
  const order = STAGES.flatMap((stage) => filesOf(stage, files));
  expect(order).toEqual([files[5], files[1], files[0], files[2], files[3], files[4], files[6]]);
  expect(othersOf([...files, "lock", `${STORE}-wal`, "v3/r2/edgewhisk/blobs/x"])).toEqual([files[7]]);
});
