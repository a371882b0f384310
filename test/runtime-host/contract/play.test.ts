// Playing checks: each with a subject of its own that is stopped whatever happens, and each ending told.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Check } from "../../../runtime-host/contract/checks.ts";
import { type CheckVerdict, play } from "../../../runtime-host/contract/play.ts";
import { Broken } from "../../../runtime-host/contract/session.ts";

let server: Server;
let url: string;
let started = 0;
let stopped = 0;

beforeAll(async () => {
  server = createServer((_, response) => response.end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const start = async () => {
  started++;
  return { url, printed: { stdout: "", stderr: "" }, stop: async () => void stopped++ };
};
const check = (name: string, run: Check["play"], need?: Check["need"]): Check => ({
  name,
  play: run,
  ...(need === undefined ? {} : { need }),
});
const KEPT = check("kept", async (session) => {
  await session.hello();
  return undefined;
});

it("tells what is kept, broken and skipped, in order, as it happens", async () => {
  const told: CheckVerdict[] = [];
  const checks = [
    KEPT,
    check("broken", () => Promise.reject(new Broken("it does not"))),
    check("says nothing", async () => "not for this image"),
    check("lacks its action", async () => undefined, "echo"),
  ];
  const verdicts = await play(checks, { actions: {}, start, report: (verdict) => told.push(verdict) });
  expect(verdicts).toEqual([
    { name: "kept", is: "kept" },
    { name: "broken", is: "broken", why: "it does not" },
    { name: "says nothing", is: "skipped", why: "not for this image" },
    { name: "lacks its action", is: "skipped", why: 'there is no action "echo" for it' },
  ]);
  expect(told).toEqual(verdicts);
  expect([started, stopped]).toEqual([3, 3]);
});

it("takes a subject that does not start for a broken promise, and a bug for a bug", async () => {
  const options = { actions: {}, start: () => Promise.reject(new Broken("nobody listens")), report: () => undefined };
  expect(await play([KEPT], options)).toEqual([{ name: "kept", is: "broken", why: "nobody listens" }]);
  const bug = check("bug", () => Promise.reject(new TypeError("undefined is no function")));
  await expect(play([bug], { actions: {}, start, report: () => undefined })).rejects.toThrow(TypeError);
  expect(started).toBe(stopped);
});
