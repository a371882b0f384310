// Bodies of deliveries as payloads.

import { expect, it } from "vitest";
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
