// What the feeds of brokers are told by their arguments: settings, credentials, what can be changed,
// and what is refused with which words.

import { describe, expect, it } from "vitest";
import type { SubscriptionSettings } from "../../src/entities/subscription.ts";
import { changedSubscription, newSubscription } from "../../src/events/broker-feed.ts";

const MQTT = { url: "mqtts://broker.example", topic: "a/#" };
const NATS = { url: "nats://broker.example", stream: "ORDERS" };
const made = (kind: "mqtt" | "nats", args: object) => newSubscription(kind, JSON.stringify(args));

function settingsOf(kind: "mqtt" | "nats", args: object): SubscriptionSettings {
  const wish = made(kind, args);
  if (!wish.ok) throw new Error(wish.text);
  return wish.value.settings;
}

const changed = (settings: SubscriptionSettings, args: object) => changedSubscription(settings, JSON.stringify(args));

describe("a feed that is made", () => {
  it("has defaults for all but the broker and what is listened to; what is not its own is others'", () => {
    expect(made("mqtt", { ...MQTT, lifecycleEvent: "CREATE", kind: "nats" })).toEqual({
      ok: true,
      value: {
        credentials: null,
        settings: {
          ...{ kind: "mqtt", url: MQTT.url, topics: ["a/#"], qos: 1, version: 5, sessionExpiry: 86_400 },
          ...{ isJSONData: false, isBinaryValue: false },
        },
      },
    });
    expect(settingsOf("nats", NATS)).toEqual({
      ...{ kind: "nats", url: NATS.url, stream: "ORDERS", deliver: "new", isJSONData: false, isBinaryValue: false },
    });
  });

  it("listens to one topic or to several; topics come before a topic", () => {
    const topics = (more: object) => settingsOf("mqtt", { ...MQTT, ...more });
    expect(topics({ topic: ["a", "b"] })).toMatchObject({ topics: ["a", "b"] });
    expect(topics({ topics: ["c"] })).toMatchObject({ topics: ["c"] });
    expect(topics({ topics: null })).toMatchObject({ topics: ["a/#"] });
  });

  it("takes null for what is not given", () => {
    expect(settingsOf("mqtt", { ...MQTT, qos: null, ca: null })).toMatchObject({ qos: 1 });
  });

  it("of NATS listens to a stream, a subject, or both", () => {
    const { stream: _, ...bare } = NATS;
    expect(settingsOf("nats", { ...bare, subject: "a.>" })).toMatchObject({ subject: "a.>" });
    expect(settingsOf("nats", { ...NATS, subject: "a.>" })).toMatchObject({ stream: "ORDERS", subject: "a.>" });
    expect(made("nats", bare)).toMatchObject({
      code: "bad-request",
      text: expect.stringContaining("'stream' or 'subject'"),
    });
  });

  it.each([
    ["mqtt", { url: "nats://broker.example" }, "'url' must be an address such as mqtt://"],
    ["mqtt", { url: "mqtt://user@broker.example" }, "'url' must be"],
    ["mqtt", { url: undefined }, "'url' must be"],
    ["mqtt", { topic: undefined }, "'topics' is wrong"],
    ["mqtt", { topics: ["a", ""] }, "'topics' (1) must not be empty"],
    ["mqtt", { topics: "a" }, "'topics' is wrong"],
    ["mqtt", { qos: 3 }, "'qos' must be 0, 1 or 2"],
    ["mqtt", { version: 3 }, "'version' must be 4"],
    ["mqtt", { sessionExpiry: 59 }, "'sessionExpiry' is wrong"],
    ["mqtt", { isJSONData: "yes" }, "'isJSONData' is wrong"],
    ["mqtt", { isJSONData: true, isBinaryValue: true }, "exclude each other"],
    ["nats", { stream: "a b" }, "'stream' must be a stream's name"],
    ["nats", { subject: "a b" }, "'subject' must not hold blanks"],
    ["nats", { deliver: "some" }, "'deliver' is wrong"],
    ["mqtt", { password: "p" }, "'username' is missing beside 'password'"],
    ["mqtt", { username: 7 }, "'username' is wrong"],
    ["nats", { token: [] }, "'token' is wrong"],
  ] as const)("of %s is refused with %j", (kind, more, words) => {
    const wish = made(kind, { ...(kind === "mqtt" ? MQTT : NATS), ...more });
    expect(wish).toMatchObject({ ok: false, code: "bad-request", text: expect.stringContaining(words) });
  });

  it("has the credentials of its kind, and no others", () => {
    const given = { username: "u", password: "p", token: "t" };
    expect(made("mqtt", { ...MQTT, ...given })).toMatchObject({
      value: { credentials: { username: "u", password: "p" } },
    });
    const mqtt = made("mqtt", { ...MQTT, token: "t" });
    expect(mqtt.ok && mqtt.value.credentials).toBeNull();
    expect(made("nats", { ...NATS, token: "t" })).toMatchObject({ value: { credentials: { token: "t" } } });
    expect(made("mqtt", { ...MQTT, username: "u" })).toMatchObject({ value: { credentials: { username: "u" } } });
  });
});

describe("a feed that is changed", () => {
  const mqtt = settingsOf("mqtt", { ...MQTT, isJSONData: true, ca: "PEM" });
  const nats = settingsOf("nats", NATS);

  it("keeps what is not named, and its credentials where none are named", () => {
    const change = changed(mqtt, { sessionExpiry: 60 });
    expect(change).toEqual({ ok: true, value: { settings: { ...mqtt, sessionExpiry: 60 } } });
  });

  it("has other credentials where any is named, or none where they are taken away", () => {
    expect(changed(mqtt, { username: "u", password: "p" })).toEqual({
      ...{ ok: true, value: { settings: mqtt, credentials: { username: "u", password: "p" } } },
    });
    expect(changed(mqtt, { username: null })).toEqual({ ok: true, value: { settings: mqtt, credentials: null } });
    expect(changed(nats, { token: "t" })).toMatchObject({ value: { credentials: { token: "t" } } });
    expect(changed(mqtt, { password: "p" })).toMatchObject({ code: "bad-request" });
  });

  it("loses what is taken away by null, and has the default again", () => {
    const change = changed(mqtt, { isJSONData: null, ca: null });
    expect(change).toMatchObject({ ok: true, value: { settings: { isJSONData: false } } });
    expect(change.ok && change.value.settings).not.toHaveProperty("ca");
  });

  it.each([
    [mqtt, ["url", "topic", "topics", "qos", "version"]],
    [nats, ["url", "stream", "subject", "deliver"]],
  ] as const)("never changes what the broker keeps: %j", (settings, fixed) => {
    for (const name of fixed) {
      expect(changed(settings, { [name]: null, isJSONData: true })).toMatchObject({
        ...{ code: "bad-request", text: `The parameter '${name}' cannot be changed: create the feed anew.` },
      });
    }
  });

  it("must be changed in something", () => {
    expect(changed(mqtt, { apihost: "x", token: "t" })).toMatchObject({
      code: "bad-request",
      text: "No parameter that can be changed was given: ca, isBinaryValue, isJSONData, password, sessionExpiry, username.",
    });
    expect(changed(nats, { kind: "mqtt" })).toMatchObject({
      text: expect.stringMatching(/given: ca, isBinaryValue, isJSONData, password, token, username\.$/),
    });
  });

  it("is held to the same rules", () => {
    expect(changed(mqtt, { isBinaryValue: true })).toMatchObject({
      text: expect.stringContaining("exclude each other"),
    });
    expect(changed(mqtt, { sessionExpiry: 1 })).toMatchObject({ code: "bad-request" });
  });
});
