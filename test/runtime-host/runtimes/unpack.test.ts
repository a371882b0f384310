// Archives of very many entries: all of them or none, whatever the archive says how many there are.
// `native` uses the nodejs code.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { zip } from "../../support/zip.ts";

const { unpack } = createRequire(import.meta.url)("../../../runtime-host/runtimes/nodejs/unpack.js") as {
  unpack(bytes: Buffer, root: string): void;
};
const PYTHON = new URL("../../../runtime-host/runtimes/python", import.meta.url).pathname;
const python = spawnSync("python3", ["-c", ""]).status === 0;
if (!python) console.log("not run: archives in python: no python3 here");
/** In memory where there is such a place: disks need a minute for that many files. */
const PLACE = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const MOST = 65_536;
const TOO_MANY = "There was an error uncompressing the action archive: it has more than 65536 entries.";

const many = (count: number) => zip(Array.from({ length: count }, (_, at) => ({ name: `f${at}`, content: "" })));
/** As tools write it that know of more than 16 bits: the count stands in a record of its own. */
const withLargeCount = (archive: Buffer) => {
  const end = archive.length - 22;
  const rest = Buffer.from(archive.subarray(end));
  rest.writeUInt16LE(0xffff, 8);
  rest.writeUInt16LE(0xffff, 10);
  const record = Buffer.alloc(56 + 20);
  record.write("PK\x06\x06", "latin1");
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(70_001n, 24);
  record.writeBigUInt64LE(70_001n, 32);
  record.writeBigUInt64LE(BigInt(rest.readUInt32LE(12)), 40);
  record.writeBigUInt64LE(BigInt(rest.readUInt32LE(16)), 48);
  record.write("PK\x06\x07", 56, "latin1");
  record.writeBigUInt64LE(BigInt(end), 64);
  record.writeUInt32LE(1, 72);
  return Buffer.concat([archive.subarray(0, end), record, rest]);
};
describe("an archive of very many entries", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(PLACE, "edgewhisk-unpack-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const refusal = (archive: Buffer): unknown => {
    try {
      unpack(archive, folder);
    } catch (error) {
      return error;
    }
    return null;
  };

  it("is unpacked as a whole up to the bound, where a count of 16 bits says none at all", () => {
    unpack(many(MOST), folder);
    expect(readdirSync(folder)).toHaveLength(MOST);
  });

  it.each([
    ["a zip whose count has overflown", () => many(70_001)],
    ["a zip with a large count", () => withLargeCount(many(70_001))],
  ])("is refused beyond it: %s", (_, archive) => {
    const bytes = archive();
    expect(refusal(bytes)).toBe(TOO_MANY);
    expect(readdirSync(folder)).toEqual([]);
    if (!python) return;
    const file = join(folder, "archive");
    writeFileSync(file, bytes);
    const script =
      "import sys, edgewhisk_unpack as u\ntry: u.unpack(open(sys.argv[1], 'rb').read(), sys.argv[2])\nexcept u.Refused as e: print(e)";
    const ran = spawnSync("python3", ["-c", script, file, mkdtempSync(join(folder, "python-"))], {
      env: { ...process.env, PYTHONPATH: PYTHON, PYTHONDONTWRITEBYTECODE: "1" },
      encoding: "utf8",
    });
    expect(ran.stderr).toBe("");
    expect(ran.stdout.trim()).toBe(TOO_MANY);
  });

  it("is refused where the directory ends in the middle", () => {
    const archive = many(10);
    archive.writeUInt32LE(0, archive.length - 22 - (46 + 2));
    expect(refusal(archive)).toMatch(/its directory is damaged/);
  });
});
