// What is measured, one function a line of the table. Each returns ms or per second;
// the bench repeats and interleaves them.

import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "undici";
import { basic, GUEST } from "../support/platform.ts";
import { type Call, load, type Sample, sampleOf, send } from "./load.ts";

const HEADERS = { authorization: basic(GUEST), "content-type": "application/json" };
const CODE = "function main(args) { return { n: args.n }; }";
const BASE = "/api/v1/namespaces/_";

export function invokeCall(action: string, blocking = true): (n: number) => Call {
  return (n) => ({
    method: "POST",
    path: `${BASE}/actions/${action}${blocking ? "?blocking=true" : ""}`,
    headers: HEADERS,
    body: `{"n":${n}}`,
  });
}

export async function createAction(
  pool: Pool,
  name: string,
  options: { kind?: string; memory?: number; code?: string } = {},
): Promise<void> {
  const body = JSON.stringify({
    exec: { kind: options.kind ?? "nodejs:default", code: options.code ?? CODE },
    limits: { memory: options.memory ?? 256 },
  });
  const call: Call = { method: "PUT", path: `${BASE}/actions/${name}?overwrite=true`, headers: HEADERS, body };
  const { status, text } = await send(pool, call);
  if (status !== 200) throw new Error(`cannot create ${name}: ${status} ${text.slice(0, 300)}`);
}

export function direct(pool: Pool, callers: number, ms: number): Promise<Sample> {
  const call = (n: number): Call => ({
    method: "POST",
    path: "/run",
    headers: { "content-type": "application/json" },
    body: `{"value":{"n":${n}}}`,
  });
  return load(pool, call, { callers, ms, status: 200 });
}

export function warm(pool: Pool, callers: number, ms: number): Promise<Sample> {
  return load(pool, invokeCall("bench-noop"), { callers, ms, status: 200 });
}

/** Accepts for `ms`, then waits until every accepted activation has its record: nothing may be missing. */
export async function accept(pool: Pool, callers: number, ms: number): Promise<Sample> {
  // Containers are paused between rounds: the first calls would measure their return.
  await load(pool, invokeCall("bench-accept"), { callers, ms: 500, status: 200 });
  const since = Date.now();
  const sample = await load(pool, invokeCall("bench-accept", false), { callers, ms, status: 202 });
  await recorded(pool, { name: "bench-accept", since, count: sample.count });
  return sample;
}

async function recorded(pool: Pool, what: { name: string; since: number; count: number }): Promise<void> {
  const path = `${BASE}/activations?count=true&name=${what.name}&since=${what.since}`;
  for (let waited = 0; waited < 120_000; waited += 250) {
    const { text } = await send(pool, { method: "GET", path, headers: HEADERS });
    if ((JSON.parse(text) as { activations: number }).activations >= what.count) return;
    await sleep(250);
  }
  throw new Error(`not all of ${what.count} accepted activations of ${what.name} had a record after 120 s`);
}

/** p50 of the first call of `count` new actions, given time between them for the pool to prepare. */
export async function cold(pool: Pool, options: { memory: number; count: number; label: string }): Promise<Sample> {
  const times: number[] = [];
  for (let n = 0; n < options.count; n++) {
    const name = `bench-cold-${options.label}-${n}`;
    await createAction(pool, name, { memory: options.memory });
    await sleep(600);
    const at = performance.now();
    const { status, text } = await send(pool, invokeCall(name)(n));
    if (status !== 200) throw new Error(`cold call answered ${status}: ${text.slice(0, 300)}`);
    times.push(performance.now() - at);
    await send(pool, { method: "DELETE", path: `${BASE}/actions/${name}`, headers: HEADERS });
  }
  return sampleOf(times);
}

/** Steps of the sequence `bench-sequence`. */
export const STEPS = 5;

export async function createSequence(pool: Pool): Promise<void> {
  const components = Array.from({ length: STEPS }, () => "/_/bench-noop");
  const body = JSON.stringify({ exec: { kind: "sequence", components } });
  const path = `${BASE}/actions/bench-sequence?overwrite=true`;
  const { status, text } = await send(pool, { method: "PUT", path, headers: HEADERS, body });
  if (status !== 200) throw new Error(`cannot create the sequence: ${status} ${text.slice(0, 300)}`);
}

export function sequence(pool: Pool, callers: number, ms: number): Promise<Sample> {
  return load(pool, invokeCall("bench-sequence"), { callers, ms, status: 200 });
}

/** What one step costs more than a plain call, in ms; plain calls and sequences take turns. */
export async function perStep(pool: Pool, ms: number): Promise<Sample> {
  const [plain, whole] = [await warm(pool, 1, ms / 2), await sequence(pool, 1, ms / 2)];
  return { ...whole, p50: whole.p50 / STEPS - plain.p50, p99: whole.p99 / STEPS - plain.p99 };
}

/** A trigger `bench-hook-<n>` with `n` rules, all for one action. */
export async function createHook(pool: Pool, rules: number): Promise<void> {
  const trigger = `bench-hook-${rules}`;
  const put = async (path: string, body: object) => {
    const call: Call = {
      method: "PUT",
      path: `${BASE}/${path}?overwrite=true`,
      headers: HEADERS,
      body: JSON.stringify(body),
    };
    const { status, text } = await send(pool, call);
    if (status !== 200) throw new Error(`cannot create ${path}: ${status} ${text.slice(0, 300)}`);
  };
  await put(`triggers/${trigger}`, {});
  for (let n = 0; n < rules; n++) {
    await put(`rules/${trigger}-${n}`, { trigger: `/_/${trigger}`, action: "/_/bench-accept" });
  }
}

/** Fires now and then, so often that the activations keep up: what is measured is a fire, not what it causes. Then
 * waits until all of that has its record. */
export async function fire(pool: Pool, { rules, ms }: { rules: number; ms: number }): Promise<Sample> {
  const since = Date.now();
  const pause = Math.max(25, 4 * rules);
  const times: number[] = [];
  while (Date.now() - since < ms) {
    const path = `${BASE}/triggers/bench-hook-${rules}`;
    const at = performance.now();
    const { status, text } = await send(pool, {
      method: "POST",
      path,
      headers: HEADERS,
      body: `{"n":${times.length}}`,
    });
    if (status !== 202) throw new Error(`a fire answered ${status}: ${text.slice(0, 300)}`);
    times.push(performance.now() - at);
    await sleep(pause);
  }
  await recorded(pool, { name: "bench-accept", since, count: rules * times.length });
  await recorded(pool, { name: `bench-hook-${rules}`, since, count: times.length });
  return sampleOf(times);
}

/** Calls each action until a whole pass met warm containers only. */
export async function warmUp(pool: Pool, options: { actions: number }): Promise<void> {
  for (let pass = 0; pass < 10; pass++) {
    let cold = 0;
    let next = 0;
    const caller = async () => {
      for (let n = next++; n < options.actions; n = next++) {
        const { status, text } = await send(pool, invokeCall(`bench-many-${n}`)(n));
        if (status !== 200) throw new Error(`warming up answered ${status}: ${text.slice(0, 300)}`);
        if (text.includes('"initTime"')) cold++;
      }
    };
    await Promise.all(Array.from({ length: 16 }, caller));
    if (cold === 0) return;
  }
  throw new Error(`${options.actions} actions were still starting cold after ten passes`);
}

/** Warm as well: what was paused since the last round has come back before. */
export async function hundred(pool: Pool, options: { actions: number; ms: number }): Promise<Sample> {
  await warmUp(pool, options);
  const call = (n: number) => invokeCall(`bench-many-${n % options.actions}`)(n);
  return load(pool, call, { callers: 16, ms: options.ms, status: 200 });
}

/** Warm calls of one caller while four others send non-blocking ones. */
export async function underLoad(pool: Pool, loadPool: Pool, ms: number): Promise<Sample> {
  const background = load(loadPool, invokeCall("bench-accept", false), { callers: 4, ms, status: 202 });
  const sample = await load(pool, invokeCall("bench-noop"), { callers: 1, ms, status: 200 });
  await background;
  return sample;
}

/** Warm calls of one caller while another uploads 48 MB of code again and again. */
export async function underUpload(pool: Pool, loadPool: Pool, ms: number): Promise<Sample> {
  const code = "A".repeat(48 * 1024 * 1024);
  const body = `{"exec":{"kind":"nodejs:default","code":"${code}"}}`;
  const call: Call = { method: "PUT", path: `${BASE}/actions/bench-large?overwrite=true`, headers: HEADERS, body };
  let over = false;
  const upload = async () => {
    while (!over) {
      const { status, text } = await send(loadPool, call);
      if (status !== 200) throw new Error(`upload answered ${status}: ${text.slice(0, 300)}`);
    }
  };
  const background = upload();
  try {
    return await load(pool, invokeCall("bench-noop"), { callers: 1, ms, status: 200 });
  } finally {
    over = true;
    await background;
  }
}
