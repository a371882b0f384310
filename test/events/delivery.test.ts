// By what a delivery is known when it comes again, and which only ask whether anybody is there.

import { expect, it } from "vitest";
import { deliveryId, handshakeOf } from "../../src/events/delivery.ts";

const hmac = { header: "X-Sig", algorithm: "sha256", encoding: "hex", prefix: "" } as const;
const id = (settings: Parameters<typeof deliveryId>[0], headers: Record<string, string>, body = "{}") =>
  deliveryId(settings, { headers: new Headers(headers), payload: body });

it("deliveries are known by what their senders say of them", () => {
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

it("a header that is named comes before what its sender's kind says, and an empty id is none", () => {
  const named = { signature: "github", idHeader: "X-Id" } as const;
  expect(id(named, { "X-Id": "mine", "X-GitHub-Delivery": "g" })).toBe("mine");
  expect(id(named, { "X-GitHub-Delivery": "g" })).toBe("g");
  expect(id(named, { "X-Id": "", "X-GitHub-Delivery": "g" })).toBeUndefined();
  expect([id({ signature: "github" }, {}), id({ signature: "hmac" }, { "X-Sig": "s" })]).toEqual([
    undefined,
    undefined,
  ]);
});

it("an id in the payload is a text, the last of that name; else the signature is one", () => {
  const stripe = { "Stripe-Signature": "t=1,v1=a" };
  expect(id({ signature: "stripe" }, stripe, '{"id":"a","id":"b"}')).toBe("b");
  for (const body of ['{"id":7}', '{"id":null}', "{}", "[]"])
    expect(id({ signature: "stripe" }, stripe, body)).toBe("t=1,v1=a");
  expect(id({ signature: "stripe" }, {}, "{}")).toBeUndefined();
});

it("ids that are alike in their first 500 characters are one", () => {
  const long = "i".repeat(500);
  expect([id({ signature: "github" }, { "X-GitHub-Delivery": `${long}1` })]).toEqual([long]);
});

it("a challenge that is no text is answered with none", () => {
  const asked = (payload: string) => handshakeOf({ signature: "slack" }, { headers: new Headers(), payload });
  expect(asked('{"type":"url_verification","challenge":7}')).toBe('{"challenge":""}');
  expect(asked('{"type":"url_verification"}')).toBe('{"challenge":""}');
  expect(asked('{"type":["url_verification"]}')).toBeNull();
});
