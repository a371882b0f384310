// A backup while calls are under way, restored elsewhere: what was answered before is there and reads the same.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, it } from "vitest";
import { edgewhisk } from "../runtime-host/cli/run.ts";
import { GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { onEngines, put } from "./engines.ts";

const SAY = `function main({ n, size }) { console.log("ü " + n); return { n, text: "x".repeat(size || 1) }; }`;
const PASSPHRASE = "correct horse battery";
const folder = mkdtempSync(join(tmpdir(), "edgewhisk-backup-"));
let other: Platform | null = null;
afterAll(async () => {
  await other?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(url: string, path: string): Promise<{ status: number; text: string }> {
  const authorization = `Basic ${Buffer.from(GUEST).toString("base64")}`;
  const answer = await fetch(`${url}/api/v1/namespaces/_/${path}`, { headers: { authorization } });
  return { status: answer.status, text: await answer.text() };
}

onEngines(
  "a backup",
  (bench) => {
    it("taken while calls run holds every id that was answered before, and serves the same elsewhere", async () => {
      await put(bench, "say", { code: SAY });
      const sequence = { exec: { kind: "sequence", components: ["/_/say", "/_/say"] } };
      await bench.request("actions/twice?overwrite=true", { method: "PUT", body: sequence });
      await bench.request("triggers/said", { method: "PUT", body: {} });
      await bench.request("rules/say-it", { method: "PUT", body: { trigger: "/_/said", action: "/_/say" } });
      const answered: { id: string; ended: boolean; at: number }[] = [];
      let calling = true;
      // Arguments and results that lie in the blob store are deleted and made all the time.
      const paths = ["actions/say?blocking=true", "actions/say", "actions/twice?blocking=true", "triggers/said"];
      const callers = paths.map(async (path) => {
        for (let n = 0; calling; n++) {
          const size = n % 5 === 0 ? 300_000 : 10;
          const body = { n, size, ...(n % 7 === 0 ? { filler: "y".repeat(300_000) } : {}) };
          const { status, json } = await bench.request(path, { method: "POST", body });
          expect(status, JSON.stringify(json).slice(0, 300)).toBeLessThan(300);
          answered.push({ id: json.activationId, ended: path.endsWith("true"), at: Date.now() });
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      });
      await expect.poll(() => answered.length).toBeGreaterThan(60);

      const file = join(folder, "state.backup");
      const began = Date.now();
      const state = bench.platform().state;
      const taken = await edgewhisk(["backup", file, "--state", state, "--passphrase", "--json"], {
        secret: PASSPHRASE,
      });
      calling = false;
      await Promise.all(callers);
      expect(taken).toMatchObject({ code: 0 });
      expect(taken.err).toMatch(/copied activations: \d/);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const bytes = readFileSync(file);
      expect(bytes.includes(JSON.parse(readFileSync(join(state, "secrets.json"), "utf8")).masterSecret)).toBe(false);

      const to = join(folder, "restored");
      const wrong = await edgewhisk(["restore", file, "--state", to], { secret: "wrong horse battery" });
      expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/passphrase is wrong/) });
      const restored = await edgewhisk(["restore", file, "--state", to], { secret: PASSPHRASE });
      expect(restored).toMatchObject({ code: 0 });
      expect(blobsMissing(to)).toEqual([]);
      other = await startPlatform({ engine: "process", state: to });

      const before = answered.filter(({ at }) => at < began);
      expect(before.length).toBeGreaterThan(50);
      const queue = [...before.entries()];
      const compare = async () => {
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
          const [at, { id, ended }] = next;
          const there = async () => (await ask(other?.url ?? "", `activations/${id}`)).status;
          await expect.poll(there, { message: id }).toBe(200);
          if (!ended) continue;
          for (const part of at % 4 === 0 ? ["", "/logs", "/result"] : [""]) {
            const path = `activations/${id}${part}`;
            expect(await ask(other?.url ?? "", path)).toEqual(await ask(bench.platform().url, path));
          }
        }
      };
      await Promise.all(Array.from({ length: 6 }, compare));
      for (const path of ["actions", "actions/say", "triggers/said", "rules/say-it"])
        expect(await ask(other.url, path)).toEqual(await ask(bench.platform().url, path));
    });

    it("and an export of all records, brought to where some of them are, is the same bytes there", async () => {
      const [all, there] = [join(folder, "all.ndjson"), join(folder, "there.ndjson")];
      const of = (url = "") => ["--url", url, "--auth", GUEST];
      expect(await edgewhisk(["activation", "export", all, ...of(bench.platform().url)])).toMatchObject({ code: 0 });
      const lines = recordsIn(all);
      const imported = await edgewhisk(["activation", "import", all, ...of(other?.url), "--json"]);
      const said = imported.out.trim().split("\n");
      const told = JSON.parse(said.pop() ?? "");
      // What was under way when it was backed up is so there, until its host is given up.
      const refused = said.map((line) => JSON.parse(line).refused);
      expect(refused.map(({ reason }) => reason)).toEqual(refused.map(() => "an activation with its id is under way"));
      const duplicates = lines.length - told.imported - refused.length;
      expect(told).toEqual({ imported: expect.any(Number), duplicates, refused: refused.length });
      // What was called while the backup ran, and what the platform did to prove itself.
      expect(told.imported).toBeGreaterThan(0);
      expect(await edgewhisk(["activation", "export", there, ...of(other?.url)])).toMatchObject({ code: 0 });
      const found = new Set(recordsIn(there));
      const known: string[] = imported.err.match(/\b[0-9a-f]{32}\b/g) ?? [];
      known.push(...refused.map(({ id }) => String(id)));
      const fresh = lines.filter((line) => !known.includes(JSON.parse(line).record.activationId));
      expect(fresh.length).toBe(told.imported);
      expect(fresh.filter((line) => !found.has(line))).toEqual([]);
    });
  },
  { engines: ["process"], start: { flags: ["--var", "ACTIVATION_SHARDS=2"] } },
);

function recordsIn(file: string): string[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line.startsWith('{"v":1,"name":'));
}

/** Arguments that rows name, and results and logs that records name, and that are not among the blobs. */
function blobsMissing(state: string): string[] {
  const [index = ""] = databasesIn(join(state, "v3/r2/miniflare-R2BucketObject"));
  const keys = new Set(query(index, "SELECT key FROM _mf_objects").map((row) => String(row.key)));
  const stores = readdirSync(join(state, "v3/do")).filter((name) => name.endsWith("-ActivationStore"));
  const named = stores
    .flatMap((name) => databasesIn(join(state, "v3/do", name)))
    .flatMap((database) => [
      ...query(database, "SELECT spent AS key FROM rows WHERE spent <> ''"),
      ...query(database, "SELECT record ->> '$.result.blob' AS key FROM records WHERE json_valid(record)"),
      ...query(database, "SELECT record ->> '$.logs.blob' AS key FROM records WHERE json_valid(record)"),
    ]);
  return named.flatMap((row) => (row.key === null || keys.has(String(row.key)) ? [] : [String(row.key)]));
}

function databasesIn(path: string): string[] {
  return readdirSync(path)
    .filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
    .map((name) => join(path, name));
}

function query(file: string, text: string): Record<string, unknown>[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(text).all();
  } finally {
    database.close();
  }
}
