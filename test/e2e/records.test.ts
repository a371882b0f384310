// Records leave their object for D1, for R2 or for both while workerd is killed: what is asked before is answered the same
// afterwards, in every mode, and an operator's SQL finds the rows.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { ready } from "../support/platform.ts";
import { type Bench, onEngines, put } from "./engines.ts";
import { forwardsRecords } from "./record-hook.ts";

/** Records that are large enough to fill a segment, so that none has to wait for its time. */
const LARGE = 40;
const SAY = `function main({ n, size }) {
  console.log("ü 😀 " + n);
  return { n, ü: "😀", text: "x".repeat(size) };
}`;
const PATIENCE_MS = 90_000;

for (const mode of ["d1", "r2", "d1+r2"] as const) {
  onEngines(
    `records in ${mode}`,
    (bench) => {
      it("are the same before they are handed over, in between, and afterwards", async () => {
        await put(bench, "say", { code: SAY });
        await bench.request("triggers/said", { method: "PUT", body: {} });
        await bench.request("rules/say-it", { method: "PUT", body: { trigger: "/_/said", action: "/_/say" } });
        await bench.request("triggers/said", { method: "POST", body: { n: -1, size: 1 } });
        // Too large for a row: its result lies in the blob store.
        await call(bench, { n: -2, size: 300_000 });
        const ids: string[] = [];
        for (let n = 0; n < LARGE; n++) ids.push(await call(bench, { n, size: 30_000 }));
        await settled(bench, LARGE + 3);
        const before = await answers(bench, ids);
        await shelved(bench, 1);
        for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
        await serves(bench);
        expect(await answers(bench, ids)).toEqual(before);
        await shelved(bench, mode === "d1" ? LARGE + 3 : LARGE - 10);
        expect(await answers(bench, ids)).toEqual(before);
        const places = await placesOf(bench);
        expect(places.rows > 0).toBe(mode !== "r2");
        expect(places.segments > 0).toBe(mode !== "d1");
        if (mode === "d1") expect(places.rows).toBe(LARGE + 3);
      }, 240_000);

      if (mode === "d1") forwardsRecords(bench);

      it("no more are kept than the administrator says, the newest ones, after another kill, too", async () => {
        const newest = (await bench.request("activations?limit=10")).json;
        await retain(bench, { maxRecords: 10 });
        await settled(bench, 10);
        for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
        await serves(bench);
        expect((await bench.request("activations?limit=200")).json).toEqual(newest);
        const rows = async () => (await placesOf(bench)).rows;
        if (mode !== "r2") await expect.poll(rows, { timeout: PATIENCE_MS, interval: 200 }).toBeLessThanOrEqual(10);
      }, 240_000);
    },
    {
      engines: ["process"],
      start: {
        flags: ["--activation-store", mode, "--var", "ACTIVATION_SHARDS=1", "--outbound-allow", "127.0.0.1/32"],
      },
    },
  );
}

async function call(bench: Bench, body: { n: number; size: number }): Promise<string> {
  const answer = await bench.request("actions/say?blocking=true", { method: "POST", body });
  expect(answer.status, answer.text.slice(0, 500)).toBe(200);
  return answer.json.activationId;
}

/** As the administrator, whose token stands in the state folder. */
async function retain(bench: Bench, policy: { maxRecords: number }): Promise<void> {
  const { url, state } = bench.platform();
  const { adminToken } = JSON.parse(readFileSync(join(state, "secrets.json"), "utf8"));
  const answer = await fetch(`${url}/admin/v1/namespaces/guest/retention`, {
    method: "PUT",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify(policy),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

/** As many records are there. */
async function settled(bench: Bench, count: number): Promise<void> {
  await expect
    .poll(async () => (await bench.request("activations?count=true")).json, { timeout: PATIENCE_MS, interval: 200 })
    .toEqual({ activations: count });
}

/** All that can be asked of them. */
async function answers(bench: Bench, ids: readonly string[]): Promise<string[]> {
  const middle = (await bench.request(`activations/${ids[20]}`)).json.start;
  const paths = [
    ...ids.flatMap((id) => [`activations/${id}`, `activations/${id}/logs`, `activations/${id}/result`]),
    ...[
      "activations?limit=200",
      "activations?limit=7&skip=5",
      "activations?name=say&limit=200",
      "activations?name=said",
    ],
    ...[`activations?since=${middle}&limit=200`, `activations?upto=${middle}&limit=200&docs=true`],
    ...["activations?text=%F0%9F%98%80%2012", "activations?kind=trigger", "activations?start=cold&minDuration=1"],
    ...["activations?status=error", "activations?text=xxx&name=say&limit=200", "activations?trigger=said"],
    ...["activations?count=true", `activations?count=true&name=say&since=${middle}`, "activations?name=none"],
  ];
  const found: string[] = [];
  for (const path of paths) {
    const { status, text } = await wholeAnswer(bench, path);
    found.push(`${path} ${status} ${text}`);
  }
  return found;
}

/** A search looks for so long at a time: how far it comes in one request depends on the machine. */
async function wholeAnswer(bench: Bench, path: string): Promise<{ status: number; text: string }> {
  const first = await bench.request(path);
  let cursor = first.headers.get("x-next-cursor");
  if (!first.headers.has("x-scanned")) return first;
  const all = [...first.json];
  while (cursor !== null) {
    const next = await bench.request(`${path}&cursor=${encodeURIComponent(cursor)}`);
    all.push(...next.json);
    cursor = next.headers.get("x-next-cursor");
  }
  return { status: first.status, text: JSON.stringify(all) };
}

/** So many records have left the object. */
async function shelved(bench: Bench, least: number): Promise<void> {
  const handed = async () => {
    const { rows, segments, own } = await placesOf(bench);
    return rows + segments > 0 && LARGE + 3 - own >= (least === 1 ? 0 : least);
  };
  await expect.poll(handed, { timeout: PATIENCE_MS, interval: 20 }).toBe(true);
}

/** What lies where, by the files of the databases. `own`: records that are in the objects alone, or as well. */
async function placesOf(bench: Bench): Promise<{ rows: number; segments: number; own: number }> {
  const folder = join(bench.platform().state, "v3");
  const count = (path: string, query: string) =>
    databasesIn(join(folder, path)).reduce((sum, file) => sum + counted(file, query), 0);
  const stores = readdirSync(join(folder, "do")).filter((name) => name.endsWith("-ActivationStore"));
  return {
    rows: count("d1/miniflare-D1DatabaseObject", "SELECT count(*) AS n FROM records WHERE namespace = 'guest'"),
    segments: count("r2/miniflare-R2BucketObject", "SELECT count(*) AS n FROM _mf_objects WHERE key LIKE 'records/%'"),
    own: count(join("do", stores[0] ?? ""), "SELECT count(*) AS n FROM records WHERE kept = 1"),
  };
}

function databasesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  return names.map((name) => join(folder, name));
}

/** 0 where the database is another one. */
function counted(file: string, query: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const table = /FROM (\w+)/.exec(query)?.[1] ?? "";
    const there = database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table);
    return there === undefined ? 0 : Number(database.prepare(query).get()?.n);
  } finally {
    database.close();
  }
}

async function serves(bench: Bench): Promise<void> {
  await expect.poll(() => ready(bench.platform().url), { timeout: 60_000, interval: 100 }).toBe(true);
  await sleep(100);
}
