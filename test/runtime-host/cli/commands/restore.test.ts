// `edgewhisk restore`: what it says of a file that it cannot open.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sealing } from "../../../../runtime-host/backup/sealed-file.ts";
import { edgewhisk } from "../run.ts";

const folder = mkdtempSync(join(tmpdir(), "edgewhisk-restore-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "backup");
const state = join(folder, "state");

async function* bytes(): AsyncGenerator<Buffer> {
  yield Buffer.from("not unpacked");
}

beforeAll(async () => {
  const parts: Buffer[] = [];
  for await (const part of sealing("correct horse", new Date(0))(bytes())) parts.push(part);
  writeFileSync(file, Buffer.concat(parts));
});

it.each([
  ["", "it is encrypted, and its passphrase is needed: set EDGEWHISK_PASSPHRASE, or give it on standard input"],
  ["wrong horse", "the passphrase is wrong, or the file was altered"],
])("with the passphrase %j", async (secret, reason) => {
  const { code, out, err } = await edgewhisk(["restore", file, "--state", state], { secret });
  expect([code, out, err]).toEqual([1, "", `edgewhisk restore: ${file} was not restored: ${reason}\n`]);
  expect(existsSync(state)).toBe(false);
});

it.each(["/dev", "/dev/zero", "/nonexistent/file"])("of %s: one sentence", async (path) => {
  const { code, out, err } = await edgewhisk(["restore", path, "--state", state]);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(new RegExp(`^edgewhisk restore: ${path} was not restored: .*\n$`));
});
