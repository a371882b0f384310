// Sealing and derived keys.

import { expect, test } from "vitest";
import { derive, mac, open, sameSecret, seal } from "../../src/entities/sealing.ts";

const SECRET = "a master secret of a deployment";

test("what was sealed opens with the same secret and with no other", async () => {
  const sealed = await seal(SECRET, "uuid:key ☃");
  expect(sealed).not.toContain("uuid");
  expect(await open(SECRET, sealed)).toBe("uuid:key ☃");
  expect(await open("another secret", sealed)).toBeNull();
});

test("sealing twice gives different texts", async () => {
  expect(await seal(SECRET, "x")).not.toBe(await seal(SECRET, "x"));
});

test("a changed, cut or foreign text does not open and does not throw", async () => {
  const sealed = await seal(SECRET, "some text");
  const flipped = `${sealed.slice(0, 10)}${sealed.at(10) === "A" ? "B" : "A"}${sealed.slice(11)}`;
  for (const broken of [flipped, sealed.slice(0, 10), "", "v1.", "v1.***", "plain", "v2.AAAA"]) {
    expect(await open(SECRET, broken), broken).toBeNull();
  }
});

test("derived keys differ by purpose and by secret, and are the same each time", async () => {
  const of = async (secret: string, purpose: string) => mac(await derive(secret, purpose), "text");
  const first = await of(SECRET, "lookup");
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await of(SECRET, "lookup")).toBe(first);
  expect(await of(SECRET, "credential")).not.toBe(first);
  expect(await of("other", "lookup")).not.toBe(first);
});

test("secrets are compared whole", async () => {
  expect(await sameSecret("abc", "abc")).toBe(true);
  expect(await sameSecret("abc", "abd")).toBe(false);
  expect(await sameSecret("abc", "abcd")).toBe(false);
  expect(await sameSecret("", "")).toBe(true);
});
