import { expect, test } from "vitest";
import { digestOf, newToken } from "../../../durable-objects/roster/tokens.ts";
import { hostOfToken } from "../../../src/protocol/names.ts";

test("tokens say whose they are, and no two are alike", () => {
  const tokens = Array.from({ length: 200 }, () => newToken("host-1"));
  expect(new Set(tokens).size).toBe(200);
  for (const token of tokens) expect(hostOfToken(token)).toBe("host-1");
});

test("what is kept is the SHA-256 of the token, in hex", async () => {
  expect(await digestOf("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
