// What a trigger gets of a message: text as text, JSON as it was written, bytes in base64.

import { expect, it } from "vitest";
import { mqttEvent, natsEvent } from "../../../runtime-host/connectors/message.ts";
import { MqttSettings } from "../../../src/entities/subscription.ts";

const settings = (more: object = {}) => MqttSettings.parse({ kind: "mqtt", url: "mqtt://a", topics: ["t"], ...more });
const event = (payload: string | Buffer, more: object = {}) =>
  mqttEvent({ topic: 'a/"b"', payload: Buffer.from(payload), qos: 1, retain: false }, settings(more));

const around = (message: string) => `{"topic":"a/\\"b\\"",${message},"qos":1,"retain":false}`;

it.each<[string, string | Buffer, object, string]>([
  ["text", 'he said "no"\n', {}, '"message":"he said \\"no\\"\\n"'],
  ["nothing", "", {}, '"message":""'],
  ["a byte order mark", "\ufeffx", {}, '"message":"\ufeffx"'],
  ["bytes that are no text", Buffer.from([0xff, 0x00]), {}, '"message":"/wA=","encoding":"base64"'],
  [
    "JSON",
    '{"n":12345678901234567890, "x": 1.0}',
    { isJSONData: true },
    '"message":{"n":12345678901234567890, "x": 1.0}',
  ],
  ["what should be JSON", "{", { isJSONData: true }, '"message":"{"'],
  ["two values", "1 2", { isJSONData: true }, '"message":"1 2"'],
  ["binary", "x", { isBinaryValue: true }, '"message":"eA==","encoding":"base64"'],
])("%s", (_, payload, more, message) => {
  expect(event(payload, more)).toBe(around(message));
  expect(() => JSON.parse(event(payload, more))).not.toThrow();
});

it("a message of a stream tells where it lies", () => {
  const origin = { stream: "S", sequence: 7, timestamp: "2026-11-28T00:00:00.000Z" };
  const text = natsEvent(
    { subject: "s.x", payload: new TextEncoder().encode("hi"), headers: { "X-Id": ["1", "2"] }, ...origin },
    settings(),
  );
  expect(JSON.parse(text)).toEqual({ subject: "s.x", message: "hi", headers: { "X-Id": ["1", "2"] }, ...origin });
});
