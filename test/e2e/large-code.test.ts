// 48 MB of code four times at once: workerd streams it and does not hold it, and others are served meanwhile.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { basic, GUEST, type Platform, startPlatform } from "../support/platform.ts";

const MB = 1024 * 1024;
const SIZE = 48 * MB;
const AT_ONCE = 4;
const MAX_GROWTH = 120;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ engine: "process" });
});

afterAll(async () => {
  await platform.stop();
});

/** Base64 that differs from action to action, in a body as the SDK sends it. */
function bodyOf(seed: number): { body: Buffer; code: string } {
  const code = Buffer.from(`archive ${seed} of some length;`)
    .toString("base64")
    .slice(0, 32)
    .repeat(SIZE / 32);
  return { body: Buffer.from(`{"exec":{"kind":"nodejs:default","code":"${code}"}}`), code: sha1([Buffer.from(code)]) };
}

function sha1(chunks: Buffer[]): string {
  const hash = createHash("sha1");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

async function call(method: "PUT" | "GET", name: string, body?: Buffer) {
  const url = `${platform.url}/api/v1/namespaces/_/actions/${name}?overwrite=true`;
  const headers = { authorization: basic(GUEST), "content-type": "application/json" };
  const response = await request(url, { method, headers, body: body ?? null });
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks);
  const from = text.indexOf('"code":"') + 8;
  return { status: response.statusCode, code: sha1([text.subarray(from, text.indexOf('"', from))]) };
}

/** MB that workerd has in memory. */
function resident(): number {
  const sum = platform
    .pids()
    .workerd.map((pid) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]))
    .reduce((total, each) => total + each, 0);
  return sum / 1024;
}

/** The most that `work` made workerd grow by, in MB. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = resident();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, resident());
  }, 200);
  await work();
  clearInterval(timer);
  return Math.max(most, resident()) - before;
}

async function createAndGet(seed: number): Promise<void> {
  const { body, code } = bodyOf(seed);
  expect(await call("PUT", `large-${seed}`, body)).toEqual({ status: 200, code });
  expect(await call("GET", `large-${seed}`)).toEqual({ status: 200, code });
}

test("four creates and gets of 48 MB at once grow workerd by less than 120 MB", async () => {
  if (!existsSync("/proc/self/status")) return console.log("NOT RUN: memory of workerd is read from /proc");
  const first = await growth(() => createAndGet(0));
  // The simulator of R2 is an isolate of its own that takes its share once, whatever is put.
  expect(first).toBeLessThan(MAX_GROWTH);
  const grown = await growth(() => Promise.all(Array.from({ length: AT_ONCE }, (_, at) => createAndGet(at + 1))));
  console.log(`workerd grew by ${first.toFixed(0)} MB for the first, by ${grown.toFixed(0)} MB for four at once`);
  expect(grown).toBeLessThan(MAX_GROWTH);
});

test("a sender of too much hears the answer instead of a broken connection", async () => {
  const body = Buffer.alloc(55 * MB, 0x20);
  for (let attempt = 0; attempt < 3; attempt++) expect((await call("PUT", "too-large", body)).status).toBe(413);
});
