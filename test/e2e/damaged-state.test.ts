// A state folder with damaged databases, as a user meets it. On the process engine:
// what differs with Docker is the host's.

import {
  cpSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { basic, GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { waitFor } from "../support/wait-for.ts";

let folder: string;
let whole: string;
let state: string;
let id: string;
let platform: Platform | null = null;

const start = async (...flags: string[]) => {
  platform = await startPlatform({ engine: "process", state, flags });
  return platform;
};
const ask = async (method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${platform?.url}/api/v1/namespaces/_${path}`, {
    method,
    headers: { authorization: basic(GUEST), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: JSON.parse(await answer.text()) };
};
const databases = (kind: string) =>
  readdirSync(join(state, "v3"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.includes(kind) && /[0-9a-f]{16}\.sqlite$/.test(file))
    .map((file) => join(state, "v3", file));
/** The one that holds the id. */
const storeOf = () => databases("ActivationStore").find((file) => readFileSync(file, "latin1").includes(id)) ?? "";
const scribble = (file: string, at: number) => writeSync(openSync(file, "r+"), Buffer.alloc(8_192, 0x5a), 0, 8_192, at);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "damaged-state-"));
  whole = state = join(folder, "whole");
  await start();
  await ask("PUT", "/actions/kept?overwrite=true", { exec: { kind: "nodejs:default", code: "function main() {}" } });
  id = (await ask("POST", "/actions/kept?blocking=true")).json.activationId;
  await waitFor(async () => expect((await ask("GET", `/activations/${id}`)).status).toBe(200));
  await platform?.stop();
  platform = null;
  // What still lies in the logs beside them would survive the damage.
  for (const file of databases("/")) {
    const database = new DatabaseSync(file);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  }
});
let copies = 0;
afterEach(async () => {
  await platform?.stop();
  platform = null;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function copy(): void {
  state = join(folder, String(copies++));
  cpSync(whole, state, { recursive: true });
}

describe("a damaged database", () => {
  it.each<[string, () => string, string]>([
    [
      "of which half is there",
      // The other one holds records.
      () => databases("9ba2b04bf514d9fa")[0] as string,
      "all actions, packages, triggers, rules and keys",
    ],
    ["of hosts", () => databases("Roster")[0] as string, "the tokens of further hosts"],
    ["of records", storeOf, "records and waiting calls of one namespace's shard"],
  ])("%s is one sentence, and moved aside where that is asked for", async (how, find, lost) => {
    copy();
    const file = find();
    if (how.includes("half")) truncateSync(file, statSync(file).size / 2);
    else scribble(file, how.includes("records") ? 4_096 : 0);
    const refusal = await start().catch((error: Error) => error.message);
    const said = String(refusal)
      .split("\n")
      .filter((line) => line.includes("is damaged"));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(file);
    expect(said[0]).toContain(lost);
    expect(said[0]).toContain("--salvage");
    expect(refusal).not.toContain("    at ");
    const salvaged = await start("--salvage");
    expect(salvaged.output()).toMatch(/salvage: v3\/\S+ was damaged/);
    if (how.includes("records")) expect(salvaged.output()).toContain(id);
    expect(
      (
        await ask("PUT", "/actions/new?overwrite=true", {
          exec: { kind: "nodejs:default", code: "function main() {}" },
        })
      ).status,
    ).toBe(200);
  });

  it("that is damaged while it runs is told to callers as what it is", async () => {
    copy();
    await start();
    scribble(storeOf(), 0);
    // Its object leaves memory when nobody asks for ten seconds. Then the file is read anew.
    await expect
      .poll(() => ask("GET", `/activations/${id}`), { interval: 14_000 })
      .toMatchObject({ status: 503, json: { error: expect.stringMatching(/a database of its state is damaged/) } });
    expect(platform?.output()).toContain("start with --salvage");
  });
});
