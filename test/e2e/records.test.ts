// Records leave their object for D1, for R2 or for both while workerd is killed: what is asked before is answered the
// same afterwards, in every mode, and an operator's SQL finds the rows.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { ready } from "../support/platform.ts";
import { type Bench, type Loose, onEngines, put } from "./engines.ts";
import { forwardsRecords } from "./record-hook.ts";
import { platformsReceiver, tellsUserEvents } from "./user-events.ts";

/** Records that are large enough to fill a segment, so that none has to wait for its time. */
const LARGE = 40;
const SAY = `function main({ n, size }) {
  console.log("ü 😀 " + n);
  return { n, ü: "😀", text: "x".repeat(size) };
}`;
const PASS = "function main(params) { return params; }";
/** Ten megabytes of lines, which is as much as is kept. */
const CHAT = `function main() {
  for (let at = 0; at < 10_400; at++) console.log("y".repeat(1_000));
  return {};
}`;
/** Records beside the large ones: a fire and what its rule runs, a sequence and its two steps, a long result,
 * long logs. */
const OTHERS = 7;
const PATIENCE_MS = 100_000;
/** Stores of a namespace. With segments one, so that what there is fills one. */
const SHARDS = { d1: 3, r2: 1, "d1+r2": 1 };
const platforms = await platformsReceiver();

for (const mode of ["d1", "r2", "d1+r2"] as const) {
  onEngines(
    `records in ${mode}`,
    (bench) => {
      it("are the same before they are handed over, in between, and afterwards", async () => {
        await put(bench, "say", { code: SAY });
        await bench.request("triggers/said", { method: "PUT", body: {} });
        await bench.request("rules/say-it", { method: "PUT", body: { trigger: "/_/said", action: "/_/say" } });
        await put(bench, "chat", { code: CHAT, limits: { logs: 10 } });
        await put(bench, "pass", { code: PASS });
        const exec = { kind: "sequence", components: ["/_/pass", "/_/say"] };
        await bench.request("actions/both", { method: "PUT", body: { exec } });
        await bench.request("triggers/said", { method: "POST", body: { n: -1, size: 1 } });
        // Too large for a row: these lie in the blob store; the sequence's result is that of its last step.
        const ids = [
          await call(bench, { n: -2, size: 1_000_000 }),
          await call(bench, { n: -3, size: 300_000 }, "both"),
          await call(bench, {}, "chat"),
        ];
        // No caller waits for long logs, which are still on their way.
        const chatted = async () => (await bench.request(`activations/${ids[2]}/logs`)).text.length;
        await expect.poll(chatted, { timeout: PATIENCE_MS }).toBeGreaterThan(10_000_000);
        for (let n = 0; n < LARGE; n++) {
          // The store that takes calls is another one each second.
          if (storesOf(ids).size < SHARDS[mode]) await nextSecond();
          ids.push(await call(bench, { n, size: 30_000 }));
        }
        await settled(bench, LARGE + OTHERS);
        const unkept = await callUnkept(bench);
        const before = await answers(bench, ids);
        await listedInOrder(bench, SHARDS[mode]);
        await shelved(bench, 1);
        for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
        await serves(bench);
        expect(await answers(bench, ids)).toEqual(before);
        await listedInOrder(bench, SHARDS[mode]);
        await shelved(bench, mode === "d1" ? LARGE + OTHERS : LARGE - 10);
        expect(await answers(bench, ids)).toEqual(before);
        expect(await unkept()).toEqual({ list: [], count: { activations: 0 }, record: 404 });
        const places = await placesOf(bench);
        expect(places.rows > 0).toBe(mode !== "r2");
        expect(places.segments > 0).toBe(mode !== "d1");
        if (mode === "d1") expect(places.rows).toBe(LARGE + OTHERS);
      });

      if (mode === "d1") {
        forwardsRecords(bench);
        tellsUserEvents(bench, platforms.receiver);
      }

      it("no more are kept than the administrator says, the newest ones, after another kill, too", async () => {
        const newest = (await bench.request("activations?limit=10")).json;
        await retain(bench, { maxRecords: 10 });
        await settled(bench, 10);
        for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
        await serves(bench);
        expect((await bench.request("activations?limit=200")).json).toEqual(newest);
        const rows = async () => (await placesOf(bench)).rows;
        if (mode !== "r2") await expect.poll(rows, { timeout: PATIENCE_MS, interval: 200 }).toBeLessThanOrEqual(10);
      });
    },
    {
      engines: ["process"],
      start: {
        flags: [
          ...[
            "--activation-store",
            mode,
            "--var",
            `ACTIVATION_SHARDS=${SHARDS[mode]}`,
            "--outbound-allow",
            "127.0.0.1/32",
          ],
          ...(mode === "d1" ? platforms.flags : []),
        ],
      },
    },
  );
}

async function call(bench: Bench, body: object, action = "say"): Promise<string> {
  const answer = await bench.request(`actions/${action}?blocking=true`, { method: "POST", body });
  expect(answer.status, answer.text.slice(0, 500)).toBe(200);
  return answer.json.activationId;
}

/** As the administrator, whose token stands in the state folder. */
async function admin(bench: Bench, method: string, path: string, body: object): Promise<Loose> {
  const { url, state } = bench.platform();
  const { adminToken } = JSON.parse(readFileSync(join(state, "secrets.json"), "utf8"));
  const answer = await fetch(`${url}/admin/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return JSON.parse(text);
}

async function retain(bench: Bench, policy: { maxRecords: number }): Promise<void> {
  await admin(bench, "PUT", "namespaces/guest/retention", policy);
}

/** Of a namespace whose records are not stored: its caller is answered, and nothing is to be seen of it afterwards. */
async function callUnkept(bench: Bench) {
  const made = { subject: "unkept-subject", namespace: "unkept", limits: { storeActivations: false } };
  const { key } = await admin(bench, "POST", "identities", made);
  const headers = { authorization: `Basic ${Buffer.from(key).toString("base64")}` };
  const body = { exec: { kind: "nodejs:default", code: SAY } };
  expect((await bench.request("actions/say", { method: "PUT", headers, body })).status).toBe(200);
  const call = { method: "POST", headers, body: { n: 1, size: 300_000 } };
  const answer = await bench.request("actions/say?blocking=true", call);
  expect(answer.json.response.result.text).toHaveLength(300_000);
  return async () => ({
    list: (await bench.request("activations", { headers })).json,
    count: (await bench.request("activations?count=true", { headers })).json,
    record: (await bench.request(`activations/${answer.json.activationId}`, { headers })).status,
  });
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
      "activations?name=both&docs=true",
    ],
    ...[`activations?since=${middle}&limit=200`, `activations?upto=${middle}&limit=200&docs=true`],
    ...["activations?text=%F0%9F%98%80%2012", "activations?kind=trigger", "activations?start=cold&minDuration=1"],
    ...["activations?status=error", "activations?text=xxx&name=say&limit=200", "activations?trigger=said"],
    ...["activations?count=true", `activations?count=true&name=say&since=${middle}`, "activations?name=none"],
  ];
  const found: string[] = [];
  for (const path of paths) {
    const { status, text } = await wholeAnswer(bench, path);
    // What is long is told by its digest, which a failure can show.
    const told = text.length < 10_000 ? text : `${text.length} ${createHash("sha256").update(text).digest("hex")}`;
    found.push(`${path} ${status} ${told}`);
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

/** All of them, newest first, of one start the greatest id, however many stores they are of and wherever they lie. */
async function listedInOrder(bench: Bench, shards: number): Promise<void> {
  const listed: { start: number; activationId: string }[] = (await bench.request("activations?limit=200")).json;
  const keys = listed.map(({ start, activationId }) => `${start} ${activationId}`);
  expect(keys).toEqual(keys.toSorted().reverse());
  expect(keys).toHaveLength(LARGE + OTHERS);
  expect(storesOf(listed.map(({ activationId }) => activationId)).size).toBe(shards);
}

/** Their numbers. */
function storesOf(ids: readonly string[]): Set<string> {
  return new Set(ids.map((id) => id.slice(12, 14)));
}

async function nextSecond(): Promise<void> {
  await new Promise((done) => setTimeout(done, 1_000 - (Date.now() % 1_000)));
}

/** So many records have left the object. */
async function shelved(bench: Bench, least: number): Promise<void> {
  const handed = async () => {
    const { rows, segments, own } = await placesOf(bench);
    return rows + segments > 0 && LARGE + OTHERS - own >= (least === 1 ? 0 : least);
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
  await expect.poll(() => ready(bench.platform().url), { interval: 100 }).toBe(true);
  await sleep(100);
}
