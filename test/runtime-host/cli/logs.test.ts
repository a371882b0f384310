// `edgewhisk logs` with what it needs missing or wrong: each sentence names it.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { logs } from "../../../runtime-host/cli/logs.ts";
import { originOf } from "../../../runtime-host/program/origin.ts";

const ID = "0123456789abcdef0123456789abcdef";
let said: string;

beforeEach(() => {
  said = "";
  vi.stubEnv("EDGEWHISK_URL", "");
  vi.stubEnv("EDGEWHISK_AUTH", "");
  vi.stubEnv("WSK_CONFIG_FILE", "/nonexistent/wskprops");
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

it.each([[], ["0123"], [ID, ID], ["x".repeat(32)]])("says what an activation id looks like: %j", async (...argv) => {
  expect(await logs(argv.flat())).toBe(2);
  expect(said).toMatch(/^edgewhisk logs: expected one activation id: 32 hex digits/);
});

it("names what it wants: the platform, then the key", async () => {
  expect(await logs([ID])).toBe(2);
  expect(said).toMatch(/EDGEWHISK_URL .* --url, or use "wsk property set --apihost … --auth …"/);
  said = "";
  expect(await logs([ID, "--url", "http://127.0.0.1:1"])).toBe(2);
  expect(said).toMatch(/EDGEWHISK_AUTH .* --auth/);
  said = "";
  expect(await logs([ID, "--url", "ftp://x", "--auth", "a:b"])).toBe(2);
  expect(said).toMatch(/^edgewhisk logs: ftp:\/\/x: expected/);
  said = "";
  expect(await logs([ID, "--url", "127.0.0.1:1", "--auth", "a:b"])).toBe(1);
  expect(said).toMatch(/^edgewhisk logs: http:\/\/127\.0\.0\.1:1 does not answer: /);
});

it.each([
  ["edge.example", "https://edge.example"],
  ["localhost:3233", "http://localhost:3233"],
  ["127.0.0.1:3233/", "http://127.0.0.1:3233"],
  ["[::1]:3233", "http://[::1]:3233"],
  ["127.0.0.1.example", "https://127.0.0.1.example"],
  ["http://edge.example/", "http://edge.example"],
  ["https://user@edge.example", null],
  ["https://edge.example/path", null],
  ["ftp://edge.example", null],
  ["", null],
])("'%s' is the origin %s", (text, origin) => {
  expect(originOf(text)).toBe(origin);
});

it("says why an activation waits, and since when", async () => {
  const waiting = { since: Date.UTC(2026, 0, 2), reason: "no connected host can run python:3.12" };
  const body = JSON.stringify({ error: "The requested resource does not exist.", code: "t", waiting });
  vi.stubGlobal("fetch", async () => new Response(body, { status: 404 }));
  expect(await logs([ID, "--url", "http://127.0.0.1:1", "--auth", "a:b"])).toBe(1);
  vi.unstubAllGlobals();
  expect(said).toBe(
    "edgewhisk logs: it waits since 2026-01-02T00:00:00.000Z for a host: no connected host can run python:3.12\n",
  );
});
