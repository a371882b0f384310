// `edgewhisk logs` with what it needs missing or wrong: each sentence names it.

import { afterEach, expect, it, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const ID = "0123456789abcdef0123456789abcdef";
const URL_AND_KEY = ["--url", "http://127.0.0.1:1", "--auth", "a:b"];

afterEach(() => vi.unstubAllGlobals());

it.each([[], ["0123"], [ID, ID], ["x".repeat(32)]])("says what an activation id looks like: %j", async (...argv) => {
  const { code, err } = await edgewhisk(["logs", ...argv.flat()]);
  expect(code).toBe(2);
  expect(err).toMatch(/^edgewhisk logs: expected one activation id: 32 hex digits/);
});

it.each<[string[], number, RegExp]>([
  [[], 2, /EDGEWHISK_URL .* --url, or use "wsk property set --apihost … --auth …"/],
  [["--url", "http://127.0.0.1:1"], 2, /EDGEWHISK_AUTH .* --auth/],
  [["--url", "ftp://x", "--auth", "a:b"], 2, /^edgewhisk logs: --url ftp:\/\/x: expected/],
  [
    ["--url", "127.0.0.1:2", "--auth", "a:b"],
    1,
    /^edgewhisk logs: http:\/\/127\.0\.0\.1:2 does not answer: .*: start a platform/,
  ],
  [["--flow"], 2, /Unknown option '--flow' \(did you mean --follow\?\)/],
])("names what it wants: %j", async (args, exit, sentence) => {
  const { code, out, err } = await edgewhisk(["logs", ID, ...args]);
  expect([code, out]).toEqual([exit, ""]);
  expect(err).toMatch(sentence);
});

const answering = (status: number, body: unknown) =>
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(body), { status }));

it("prints the lines, or each as a JSON text", async () => {
  answering(200, { logs: ['one "1"', "two"] });
  expect(await edgewhisk(["logs", ID, ...URL_AND_KEY])).toEqual({ code: 0, out: 'one "1"\ntwo\n', err: "" });
  expect((await edgewhisk(["logs", ID, "--json", ...URL_AND_KEY])).out).toBe('"one \\"1\\""\n"two"\n');
});

it("says why an activation waits, and since when", async () => {
  const waiting = { since: Date.UTC(2026, 0, 2), reason: "no connected host can run python:3.12" };
  answering(404, { error: "The requested resource does not exist.", code: "t", waiting });
  const { code, err } = await edgewhisk(["logs", ID, ...URL_AND_KEY]);
  expect(code).toBe(1);
  expect(err).toBe(
    "edgewhisk logs: it waits since 2026-01-02T00:00:00.000Z for a host: no connected host can run python:3.12\n",
  );
});

it.each<[number, number, RegExp]>([
  [404, 3, /answered 404: The requested resource does not exist$/],
  [401, 4, /does not accept this key$/],
  [403, 4, /answered 403: The requested resource does not exist$/],
  [500, 1, /answered 500/],
])("ends where the platform answers %i with %i, followed or not", async (status, exit, sentence) => {
  answering(status, { error: "The requested resource does not exist." });
  for (const follow of status < 500 ? [[], ["--follow"]] : [[]]) {
    const { code, out, err } = await edgewhisk(["logs", ID, ...follow, ...URL_AND_KEY]);
    expect([code, out]).toEqual([exit, ""]);
    expect(err.trim()).toMatch(sentence);
  }
});
