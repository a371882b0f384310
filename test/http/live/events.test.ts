// A log as events: every line once, by its number, also for who comes again.

import { expect, test } from "vitest";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { EventLog } from "../../../src/http/live/events.ts";

const lines = (texts: string[], count: number) => ({ kind: "lines" as const, lines: texts, count });

test("each line is an event of its own, as JSON text, by its number from 1", () => {
  const log = new EventLog(0);
  expect(log.text(lines(["a", 'b"\n'], 2))).toBe('id: 1\ndata: "a"\n\nid: 2\ndata: "b\\"\\n"\n\n');
  expect(log.text(lines(["c"], 3))).toBe('id: 3\ndata: "c"\n\n');
});

test("who has seen some is told the rest, and all of it when it runs again", () => {
  const log = new EventLog(2);
  expect(log.text(lines(["a", "b"], 2))).toBe("");
  expect(log.text(lines(["b", "c"], 3))).toBe('id: 3\ndata: "c"\n\n');
  expect(log.text({ kind: "again" })).toBe("event: again\ndata: null\n\n");
  expect(log.text(lines(["a"], 1))).toBe('id: 1\ndata: "a"\n\n');
});

test("it ends with what became of it, or with nothing", () => {
  const log = new EventLog(0);
  expect(log.text({ kind: "idle" })).toBe(": still there\n\n");
  const record = { activationId: "id", statusCode: 1, result: { inline: "{}" } } as unknown as ActivationRecord;
  expect(log.text({ kind: "end", record })).toBe('event: end\ndata: {"activationId":"id","statusCode":1}\n\n');
  expect(log.text({ kind: "unknown" })).toBe("event: end\ndata: null\n\n");
});
