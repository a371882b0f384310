// Bodies, filters, ids and handshakes.

import { expect, it } from "vitest";
import { deliveryId, handshakeOf } from "../../src/events/delivery.ts";
import { passes } from "../../src/events/filter.ts";
import { payloadOf } from "../../src/events/payload.ts";

const payload = (body: string, type: string | null = "application/json") => payloadOf(Buffer.from(body), type);

it.each([
  ['{ "n": 1.0 }', "application/json; charset=utf-8", '{ "n": 1.0 }'],
  ['{"n":18446744073709551616}', null, '{"n":18446744073709551616}'],
  ["[1.0]", "application/vnd.x+json", '{"payload":[1.0]}'],
  ["", "application/json", "{}"],
  ["a=1&b=2&a=3", "application/x-www-form-urlencoded", '{"a":["1","3"],"b":"2"}'],
  ["payload=%7B%22ref%22%3A1.0%7D", "application/x-www-form-urlencoded", '{"ref":1.0}'],
  ["payload=x", "application/x-www-form-urlencoded", '{"payload":"x"}'],
  ["one\ntwo", "text/plain", '{"payload":"one\\ntwo"}'],
])("%s as %s", (body, type, expected) => {
  expect(payload(body, type)).toEqual({ ok: true, value: expected });
});

it.each(["{", "nul", '{"a":1}}', "[".repeat(5_000)])("%.20s is malformed", (body) => {
  expect(payload(body)).toMatchObject({ ok: false, code: "malformed-body" });
});

it("what is not UTF-8 is refused", () => {
  expect(payloadOf(Uint8Array.of(0x22, 0xff, 0x22), "application/json")).toMatchObject({ ok: false });
  expect(payloadOf(Uint8Array.of(0xc0, 0xaf), "text/plain")).toMatchObject({ ok: false });
});

const EVENT = '{"action":"opened","n":1,"pull":{"labels":[{"name":"bug"},{"name":"ui"}],"draft":false},"a":1,"a":2}';
const about = (name: string, value: unknown) => ({ header: {}, json: { [name]: [value].flat() as never[] } });

it("a filter wants each of its conditions, by any of its values", () => {
  const told = { headers: new Headers({ "X-GitHub-Event": "pull_request" }), payload: EVENT };
  const yes = [
    undefined,
    { header: {}, json: {} },
    { header: { "x-github-event": ["push", "pull_request"] }, json: { action: ["opened"] } },
    { header: { "x-other": [null] }, json: {} },
    about("$.pull.labels[1].name", "ui"),
    about("pull.draft", false),
    about("n", [3, 1]),
    about("missing.deep[7]", null),
    about("a", 2),
  ];
  for (const filter of yes) expect([filter, passes(filter, told)]).toEqual([filter, true]);
  const no = [
    { header: { "x-github-event": ["push"] }, json: {} },
    { header: { "x-other": ["null"] }, json: {} },
    { header: { "x-github-event": ["pull_request"] }, json: { action: ["closed"] } },
    about("n", "1"),
    about("pull", null),
    about("pull.labels", "bug"),
    about("action[0]", "o"),
    about("a", 1),
    about("__proto__", 1),
  ];
  for (const filter of no) expect([filter, passes(filter, told)]).toEqual([filter, false]);
});

it("deliveries are known by what their senders say of them", () => {
  const id = (settings: Parameters<typeof deliveryId>[0], headers: Record<string, string>, body = "{}") =>
    deliveryId(settings, { headers: new Headers(headers), payload: body });
  const hmac = { header: "X-Sig", algorithm: "sha256", encoding: "hex", prefix: "" } as const;
  expect(id({ signature: "github" }, { "X-GitHub-Delivery": "g" })).toBe("g");
  expect(id({ signature: "slack" }, { "X-Slack-Signature": "s" }, '{"event_id":"Ev1"}')).toBe("Ev1");
  expect(id({ signature: "slack" }, { "X-Slack-Signature": "s" })).toBe("s");
  expect(id({ signature: "stripe" }, {}, '{"id":"evt_1"}')).toBe("evt_1");
  expect(id({ signature: "hmac", hmac }, { "X-Sig": "s" })).toBeUndefined();
  expect(id({ signature: "hmac", hmac: { ...hmac, timestampHeader: "X-At" } }, { "X-Sig": "s" })).toBe("s");
  expect(id({ signature: "none", idHeader: "X-Id" }, { "X-Id": "i".repeat(1_000) })).toHaveLength(500);
  expect(id({ signature: "none" }, {})).toBeUndefined();
});

it("GitHub's ping and Slack's challenge are questions, for those whose they are", () => {
  const ask = (signature: "github" | "slack" | "none", headers: Record<string, string>, body: string) =>
    handshakeOf({ signature }, { headers: new Headers(headers), payload: body });
  const challenge = '{"type":"url_verification","challenge":"3eZb"}';
  expect(ask("github", { "X-GitHub-Event": "ping" }, "{}")).toBe('{"pong":true}');
  expect(ask("github", { "X-GitHub-Event": "push" }, "{}")).toBeNull();
  expect(ask("slack", {}, challenge)).toBe('{"challenge":"3eZb"}');
  expect(ask("slack", {}, '{"type":"event_callback"}')).toBeNull();
  expect(ask("none", { "X-GitHub-Event": "ping" }, challenge)).toBeNull();
});
