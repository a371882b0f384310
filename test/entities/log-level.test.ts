// Lines of the platform's log: levels in order, one line each, and nothing in them that opens anything.

import { expect, it } from "vitest";
import { faultText, logLevelOf, platformLine, reaches, scrubbed } from "../../src/entities/log-level.ts";

it("levels are in order, and a level that makes no sense loses no warning", () => {
  expect(reaches("info", "warn")).toBe(false);
  expect(reaches("warn", "warn")).toBe(true);
  expect(reaches("error", "debug")).toBe(true);
  expect([logLevelOf(undefined), logLevelOf("loud"), logLevelOf("debug")]).toEqual(["warn", "warn", "debug"]);
});

it("whatever a text holds is one line, bounded", () => {
  const line = platformLine({ level: "warn", event: "object", at: 0 }, { text: `a"\n\ud800${"x".repeat(9_000)}` });
  expect(line.split("\n")).toHaveLength(1);
  expect(line.length).toBeLessThan(2_200);
  expect(JSON.parse(line).text).toContain('a"\n\ufffd');
});

const KEY = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

it.each([
  ["a key", `it has ${KEY}.`, "it has 23bc46b1-71f6-4ed5-8c54-816aa4f8c502:…."],
  ["a credential with a scope", `${KEY.replace(":", "~WyJhIl0:")}`, "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:…"],
  ["a host's token", `ewh.my.host-1.${"a_-".repeat(14)}b`, "ewh.my.host-1.…"],
  ["an administrator's token", `token ewa.${"a".repeat(43)}`, "token ewa.…"],
  ["a header", "Authorization: Bearer abc.def-123", "Authorization: Bearer …"],
  ["basic credentials", "basic dXNlcjpwYXNz", "basic …"],
  ["a signing secret", "whsec_abc+/=", "whsec_…"],
  [
    "an address of a hook",
    "POST https://hooks.slack.com/services/T0/B0/x9?y=1 failed",
    "POST https://hooks.slack.com/… failed",
  ],
  ["credentials of an address", "mqtts://u:p@b.example:8883", "mqtts://b.example:8883"],
  ["both", "amqp://u:p@b/v", "amqp://b/…"],
  ["our own hook's path", "/api/v1/webhooks/abcdefghijklmnopqrstuv/x", "/api/v1/webhooks/…/x"],
  ["a secret of the environment", "ADMIN=top-secret-1", "ADMIN=…"],
])("%s is not written", (_what, text, expected) => {
  expect(scrubbed(text, ["top-secret-1", "x"])).toBe(expected);
});

it.each([
  "a/b: 3 of 5",
  "http://127.0.0.1:3233",
  "the host local-1/0 is draining",
  "id 01a1fc0c949c00b8ddf916e770006551",
  "/api/v1/x",
])("%s stays", (text) => expect(scrubbed(text, ["short"])).toBe(text));

it("a failed query's values are not told: only its cause is", () => {
  expect(faultText(new Error("INSERT 'my secret'", { cause: new Error("UNIQUE constraint failed") }))).toBe(
    "Error: UNIQUE constraint failed",
  );
  expect(faultText(new AggregateError([new Error("a"), "b"], "two"))).toBe("AggregateError: two (Error: a; b)");
  expect(faultText("text")).toBe("text");
});
