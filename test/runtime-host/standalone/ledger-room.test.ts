// Records that wait in the objects may not fill the disk.

import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { LedgerRoom } from "../../../runtime-host/standalone/ledger-room.ts";

test("what the objects' databases use counts, and what has left them does not", async () => {
  const state = mkdtempSync(join(tmpdir(), "ledger-room-"));
  try {
    const { blocks, bsize } = statfsSync(state);
    const share = 1_000_000 / (blocks * bsize);
    const look = () => new LedgerRoom(state, share).fault();
    expect(await look()).toBe("");
    const folder = join(state, "v3/do/edgewhisk-ActivationStore");
    mkdirSync(folder, { recursive: true });
    const database = new DatabaseSync(join(folder, "one.sqlite"));
    database.exec("CREATE TABLE records (text TEXT)");
    database.exec("INSERT INTO records SELECT hex(randomblob(500)) FROM json_each('[1,2,3,4,5,6,7,8,9,10]')");
    expect(await look()).toBe("");
    for (let at = 0; at < 7; at++) database.exec("INSERT INTO records SELECT text FROM records");
    expect(await look()).toMatch(
      /^the records that wait take [12] MB of the machine's disk, and at most 1 MB may be taken$/,
    );
    database.exec("DELETE FROM records");
    expect(await look()).toBe("");
    database.close();
  } finally {
    rmSync(state, { recursive: true });
  }
});

test("without the share being named it is a fifth of the disk: a state folder that is new is far below it", async () => {
  const state = mkdtempSync(join(tmpdir(), "ledger-room-"));
  expect(await new LedgerRoom(state).fault()).toBe("");
  rmSync(state, { recursive: true });
});
