// What a sink is sent, and what follows from its answer.

import { describe, expect, it } from "vitest";
import type { Occurrence, SinkAnswer, SinkSettings } from "../../src/entities/sink.ts";
import { eventsOf } from "../../src/events/cloud-event-http.ts";
import { sinkMessage } from "../../src/events/sink-event.ts";
import { secretHeadersOf } from "../../src/events/sink-headers.ts";
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

describe("what is sent", () => {
  const occurrence: Occurrence = {
    ...{ id: "0a", kind: "action", namespace: "größe", name: "pack age/name" },
    ...{ at: NOW, status: "application error", durationMs: 12 },
  };

  const URL = "https://a.example/";

  it.each(["binary", "structured"] as const)("is an event that is taken by our own rules, %s", (format) => {
    const message = sinkMessage(occurrence, '{"n": 1.0}', { format, url: URL });
    if (message === null) throw new Error("it went round too often");
    const { headers, body } = message;
    for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
    const read = eventsOf({ headers: new Headers(headers), body: Buffer.from(body) });
    const [event] = read.ok ? read.value.events : [];
    expect(event?.json).toContain('"data":{"n": 1.0}');
    expect(JSON.parse(event?.json ?? "{}")).toMatchObject({
      ...{ specversion: "1.0", id: "0a", source: "/namespaces/gr%C3%B6%C3%9Fe/actions/pack%20age/name" },
      ...{
        type: "dev.edgewhisk.action.ended",
        time: "2026-11-28T00:00:00.000Z",
        activationstatus: "application error",
      },
    });
  });

  it("of a fire counts down how often its event may go round", () => {
    const fire: Occurrence = { ...occurrence, kind: "trigger" };
    const hops = (data: string) =>
      sinkMessage(fire, data, { format: "binary", url: URL })?.headers["ce-knativebrokerttl"];
    expect([hops("{}"), hops('{"knativebrokerttl":7}'), hops('{"knativebrokerttl":"1"}')]).toEqual(["254", "6", "0"]);
    expect(sinkMessage(fire, '{"knativebrokerttl":0}', { format: "binary", url: URL })).toBe(null);
  });

  it.each(["binary", "structured"] as const)("to the dead letter sink tells how its own refused it, %s", (format) => {
    const about = (data: string) => {
      const message = sinkMessage(occurrence, "{}", { format, url: URL }, { tries: 9, code: 503, data });
      if (message === null) throw new Error("it went round too often");
      for (const value of Object.values(message.headers)) expect(value).toMatch(/^[\x20-\x7e]{0,4096}$/);
      const read = eventsOf({ headers: new Headers(message.headers), body: Buffer.from(message.body) });
      return JSON.parse((read.ok ? read.value.events[0]?.json : undefined) ?? "{}");
    };
    expect(about("grüße\nagain \u0000")).toMatchObject({
      ...{ id: "0a", knativeerrordest: URL, knativeerrordata: "grüße again  " },
    });
    expect(Number(about("x").knativeerrorcode)).toBe(503);
    expect(about(`${"ß".repeat(1_023)}\ud83d`).knativeerrordata).toMatch(/^ß{400,}$/);
  });
});

describe("secret headers", () => {
  it("are taken by their names, whatever their capitals", () => {
    expect(secretHeadersOf({ Authorization: "Bearer 1", "X-Api-Key": "2" })).toEqual({
      ok: true,
      value: { authorization: "Bearer 1", "x-api-key": "2" },
    });
    for (const none of [undefined, null, {}]) expect(secretHeadersOf(none)).toEqual({ ok: true, value: null });
  });

  it.each([
    ["s3cret"],
    [["s3cret"]],
    [{ authorization: 1 }],
    [{ authorization: "s3cret", Authorization: "s3cret" }],
    [{ "content-type": "s3cret" }],
    [{ "CE-Id": "s3cret" }],
    [Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`webhook-${at}`, "s3cret"]))],
  ])("refuse %j, and tell no value", (given) => {
    const read = secretHeadersOf(given);
    expect(read).toMatchObject({ ok: false, text: expect.stringContaining("'headers'") });
    expect(read.ok ? "" : read.text).not.toContain("s3cret");
  });

  it("are never taken for what is kept of them", () => {
    expect(settings({ secret: "id of another", secretHeaders: ["x"] })).not.toHaveProperty("secret");
    expect(settings({ deadLetterSink: "https://b.example/" })).toMatchObject({ deadLetterSink: "https://b.example/" });
    expect(sinkSettings({ url: "https://a.example/", deadLetterSink: 7 })).toMatchObject({ ok: false });
  });
});
