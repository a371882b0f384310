// What follows from how a sink answered: done, tried again and when, given up, or nothing more is sent.

import { describe, expect, it } from "vitest";
import type { SinkAnswer, SinkSettings } from "../../src/entities/sink.ts";
import { sinkSettings, verdictOf } from "../../src/events/sink-policy.ts";

const NOW = Date.UTC(2026, 10, 28);
const settings = (more: object = {}): SinkSettings => {
  const read = sinkSettings({ url: "https://a.example/", ...more });
  if (!read.ok) throw new Error(read.text);
  return read.value;
};
const answer = (status: number, retryAfter: string | null = null): SinkAnswer => ({
  kind: "answer",
  ...{ status, text: "said", retryAfter },
});
const verdictAfter = (status: number, { tries = 1, more = {}, retryAfter = null as string | null } = {}) =>
  verdictOf(settings(more), { tries, answer: answer(status, retryAfter), now: NOW });

describe("settings", () => {
  it("have defaults for all but the address; what is not theirs is others'", () => {
    expect(settings({ operation: "set", apihost: "x" })).toEqual({
      ...{ url: "https://a.example/", format: "binary", retry: 8 },
      ...{ backoffPolicy: "exponential", backoffDelay: "PT1S" },
    });
  });

  it.each([
    [{ retry: -1 }, "retry"],
    [{ retry: 21 }, "retry"],
    [{ format: "json" }, "format"],
    [{ backoffPolicy: "cubic" }, "backoffPolicy"],
    [{ backoffDelay: "1s" }, "backoffDelay"],
    [{ backoffDelay: "PT2H" }, "backoffDelay"],
    [{ retryAfterMax: "PT" }, "retryAfterMax"],
    [{ url: 5 }, "url"],
  ])("refuse %j", (more, name) => {
    const read = sinkSettings({ url: "https://a.example/", ...more });
    expect(read).toMatchObject({ ok: false, text: expect.stringContaining(`'${name}'`) });
  });
});

describe("after an answer", () => {
  it.each([200, 202, 204])("%d it is done", (status) => expect(verdictAfter(status)).toEqual({ kind: "done" }));
  it.each([404, 408, 409, 429, 500, 502, 503, 504])("%d it is tried again", (status) =>
    expect(verdictAfter(status)).toEqual({ kind: "again", inMs: 2_000 }),
  );
  it.each([400, 401, 403, 304, 415, 422])("%d it is given up", (status) =>
    expect(verdictAfter(status)).toEqual({ kind: "dead", code: status, data: "said" }),
  );
  it("410 nothing more is sent", () => expect(verdictAfter(410)).toMatchObject({ kind: "stop" }));

  it("pauses grow by the policy, up to an hour, and end with the tries", () => {
    const linear = { backoffPolicy: "linear", backoffDelay: "PT0.5S", retry: 3 };
    expect(verdictAfter(500, { tries: 3, more: linear })).toEqual({ kind: "again", inMs: 1_500 });
    expect(verdictAfter(500, { tries: 4, more: linear })).toMatchObject({ kind: "dead", code: 500 });
    expect(verdictAfter(500, { tries: 3 })).toEqual({ kind: "again", inMs: 8_000 });
    expect(verdictAfter(500, { tries: 20, more: { retry: 20 } })).toEqual({ kind: "again", inMs: 3_600_000 });
    expect(verdictAfter(500, { more: { retry: 0 } })).toMatchObject({ kind: "dead" });
  });

  it("Retry-After is heard only where that is asked for, up to a bound, and only if it is longer", () => {
    const more = { retryAfterMax: "PT1M" };
    expect(verdictAfter(503, { retryAfter: "30" })).toEqual({ kind: "again", inMs: 2_000 });
    expect(verdictAfter(503, { more, retryAfter: "30" })).toEqual({ kind: "again", inMs: 30_000 });
    expect(verdictAfter(429, { more, retryAfter: "3600" })).toEqual({ kind: "again", inMs: 60_000 });
    expect(verdictAfter(500, { more, retryAfter: "30" })).toEqual({ kind: "again", inMs: 2_000 });
    expect(verdictAfter(503, { more, retryAfter: "1" })).toEqual({ kind: "again", inMs: 2_000 });
    expect(verdictAfter(503, { more, retryAfter: "soon" })).toEqual({ kind: "again", inMs: 2_000 });
    expect(verdictAfter(503, { more: { retryAfterMax: "PT0S" }, retryAfter: "30" })).toEqual({
      kind: "again",
      inMs: 2_000,
    });
    const date = new Date(NOW + 20_000).toUTCString();
    expect(verdictAfter(503, { more, retryAfter: date })).toEqual({ kind: "again", inMs: 20_000 });
  });

  it("without one it is tried again unless that cannot help, and not where the namespace may not", () => {
    const none = (permanent: boolean): SinkAnswer => ({ kind: "none", reason: "it was not reached", permanent });
    const verdict = (given: SinkAnswer) => verdictOf(settings(), { tries: 1, answer: given, now: NOW });
    expect(verdict(none(false))).toMatchObject({ kind: "again" });
    expect(verdict(none(true))).toEqual({ kind: "dead", code: 0, data: "it was not reached" });
    expect(verdict({ kind: "barred", reason: "blocked" })).toEqual({ kind: "stop", reason: "blocked" });
  });

  it("no more than 1,024 characters of it are kept", () => {
    const long: SinkAnswer = { kind: "answer", status: 400, text: "x".repeat(5_000), retryAfter: null };
    const verdict = verdictOf(settings(), { tries: 1, answer: long, now: NOW });
    expect(verdict.kind === "dead" && verdict.data.length).toBe(1_024);
  });
});

describe("settings that are given", () => {
  it("may be at their bounds", () => {
    for (const more of [
      { retry: 0 },
      { retry: 20 },
      { backoffDelay: "PT1H" },
      { url: `https://${"x".repeat(2_040)}` },
    ]) {
      expect(settings(more)).toMatchObject(more);
    }
    expect(sinkSettings({ url: `https://${"x".repeat(2_041)}` }).ok).toBe(false);
  });

  it("must have an address", () => {
    expect(sinkSettings({})).toMatchObject({ ok: false, code: "bad-request", text: expect.stringContaining("'url'") });
  });
});

describe("a pause", () => {
  it("is none where that is asked for, and as long as the sink asks at most", () => {
    const more = { backoffDelay: "PT0S", retryAfterMax: "PT1H" };
    expect(verdictAfter(500, { more })).toEqual({ kind: "again", inMs: 0 });
    expect(verdictAfter(429, { more, retryAfter: "0" })).toEqual({ kind: "again", inMs: 0 });
    expect(verdictAfter(429, { more, retryAfter: "999999999" })).toEqual({ kind: "again", inMs: 3_600_000 });
    const past = new Date(NOW - 20_000).toUTCString();
    expect(verdictAfter(503, { more, retryAfter: past })).toEqual({ kind: "again", inMs: 0 });
  });

  it("is tried as often as was asked for, and once more", () => {
    const kinds = [1, 2, 3].map((tries) => verdictAfter(500, { tries, more: { retry: 2 } }).kind);
    expect(kinds).toEqual(["again", "again", "dead"]);
  });
});
