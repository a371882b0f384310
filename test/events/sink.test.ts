// What a sink is sent.

import { describe, expect, it } from "vitest";
import type { Occurrence, SinkSettings } from "../../src/entities/sink.ts";
import { eventsOf } from "../../src/events/cloud-event-http.ts";
import { sinkMessage } from "../../src/events/sink-event.ts";
import { secretHeadersOf } from "../../src/events/sink-headers.ts";
import { sinkSettings } from "../../src/events/sink-policy.ts";

const NOW = Date.UTC(2026, 10, 28);
const settings = (more: object = {}): SinkSettings => {
  const read = sinkSettings({ url: "https://a.example/", ...more });
  if (!read.ok) throw new Error(read.text);
  return read.value;
};

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
