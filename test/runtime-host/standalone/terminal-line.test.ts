// Lines of Worker and host as a terminal shows them.

import { expect, it } from "vitest";
import { hostLine, workerLine } from "../../../runtime-host/standalone/terminal-line.ts";
import {
  type LineFields,
  type PlatformLogLevel,
  platformLine,
  requestFields,
} from "../../../src/entities/log-level.ts";

const line = (level: PlatformLogLevel, event: string, fields: LineFields) =>
  platformLine({ level, event, at: 0 }, fields);
const shown = (level: PlatformLogLevel, event: string, fields: LineFields) =>
  workerLine({ level, message: line(level, event, fields) });

it("a request is one sentence, whatever its path holds", () => {
  const request = { transactionId: "t1", method: "GET", path: '/api/v1/"}\n', status: 200, ms: 3, namespace: "guest" };
  const message = line("info", "request", requestFields(request));
  expect(JSON.parse(message)).toEqual({
    ...{ time: "1970-01-01T00:00:00.000Z", level: "info", event: "request" },
    ...request,
  });
  expect(message).not.toContain("\n");
  expect(shown("info", "request", requestFields({ ...request, path: "/ping" }))).toBe(
    "GET /ping 200, 3 ms, guest (t1)",
  );
  expect(requestFields({ ...request, path: "/".repeat(9_000) }).path).toHaveLength(500);
});

it("an error tells where, what, and its transaction id; other lines stay as they are", () => {
  const fields = { transactionId: "t2", path: "/x", error: "TypeError: y", at: ["at a", "at b"] };
  expect(shown("error", "request-failed", fields)).toBe("worker error: /x: TypeError: y (t2)\n  at a\n  at b");
  for (const text of ["plain", "{not json", '{"a":1}'])
    expect(workerLine({ level: "warn", message: text })).toBe(`worker warn: ${text}`);
});

it("an object says which it is, and what is known besides stands behind", () => {
  expect(shown("warn", "object", { object: "activations n:00", text: "no answer", transactionId: "t3" })).toBe(
    "worker warn: activations n:00: no answer (t3)",
  );
  expect(shown("error", "blob-damaged", { blob: "b1", text: "3 of 5 bytes are there" })).toBe(
    "worker error: blob damaged: 3 of 5 bytes are there [blob b1]",
  );
  expect(
    hostLine(line("warn", "run.threw", { host: "h", id: "a1", reason: "why", transactionId: "t4", gone: null })),
  ).toBe("host warn: run threw: why [id a1] (t4)");
  expect(hostLine("  at main.ts:3")).toBe("host:   at main.ts:3");
});

it("no path, name or reason begins a line, moves the cursor or turns the text around", () => {
  const evil = "/a\nedgewhisk: all is well\r\u001b[2J\u202e\u009b\u2028";
  const seen = "/a\\u000aedgewhisk: all is well\\u000d\\u001b[2J\\u202e\\u009b\\u2028";
  const request = { transactionId: "t", method: "GET", path: evil, status: 404, ms: 1 };
  expect(shown("info", "request", requestFields(request))).toBe(`GET ${seen} 404, 1 ms (t)`);
  expect(shown("error", "request-failed", { path: evil, error: evil, at: [evil] })).toBe(
    `worker error: ${seen}: ${seen}\n  ${seen}`,
  );
  expect(shown("warn", "object", { object: evil, text: evil })).toBe(`worker warn: ${seen}: ${seen}`);
  expect(hostLine(line("warn", "x", { reason: evil, subscription: evil }))).toBe(
    `host warn: x: ${seen} [subscription ${seen}]`,
  );
  expect(workerLine({ level: "error", message: "uncaught\nedgewhisk: all is well" })).toBe(
    "worker error: uncaught\n  edgewhisk: all is well",
  );
});
