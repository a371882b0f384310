// The Worker's lines as a terminal shows them.

import { expect, it } from "vitest";
import { workerLine } from "../../../runtime-host/standalone/worker-line.ts";
import { reaches, requestLine } from "../../../src/entities/log-level.ts";

it("a request is one sentence, whatever its path holds", () => {
  const request = { transactionId: "t1", method: "GET", path: '/api/v1/"}\n', status: 200, ms: 3, namespace: "guest" };
  const message = requestLine(request);
  expect(JSON.parse(message)).toEqual({ level: "info", event: "request", ...request });
  expect(message).not.toContain("\n");
  expect(workerLine({ level: "info", message: requestLine({ ...request, path: "/ping" }) })).toBe(
    "GET /ping 200, 3 ms, guest (t1)",
  );
  expect(JSON.parse(requestLine({ ...request, path: "/".repeat(9_000) })).path).toHaveLength(500);
});

it("an error tells where, what, and its transaction id; other lines stay as they are", () => {
  const message = JSON.stringify({ transactionId: "t2", path: "/x", error: "TypeError: y", at: ["at a", "at b"] });
  expect(workerLine({ level: "error", message })).toBe("worker error: /x: TypeError: y (t2)\n  at a\n  at b");
  for (const text of ["plain", "{not json", '{"a":1}'])
    expect(workerLine({ level: "warn", message: text })).toBe(`worker warn: ${text}`);
});

it("levels are in order", () => {
  expect(reaches("info", "warn")).toBe(false);
  expect(reaches("warn", "warn")).toBe(true);
  expect(reaches("error", "debug")).toBe(true);
});
