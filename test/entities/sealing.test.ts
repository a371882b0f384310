// Sealing and derived keys.

import { expect, test } from "vitest";
import { derive, type MasterSecret, mac, open, sameSecret, seal, unseal } from "../../src/entities/sealing.ts";

const SECRET: MasterSecret = { current: "a master secret of a deployment", previous: null };
const OTHER: MasterSecret = { current: "another secret", previous: null };
const ROTATED: MasterSecret = { current: "another secret", previous: SECRET.current };
/** As it was sealed before each purpose had a key: "uuid:key ☃" with SECRET. */
const OLD = "v1.Zfi4Au7unE2fZuo9CSCDMye9+r3+gyTDSti7ZGZH/e9KYVwuetDm2A==";

test("what was sealed opens with the same secret and with no other", async () => {
  const sealed = await seal(SECRET, "stored-key", "uuid:key ☃");
  expect(sealed).not.toContain("uuid");
  expect(await open(SECRET, "stored-key", sealed)).toBe("uuid:key ☃");
  expect(await open(OTHER, "stored-key", sealed)).toBeNull();
});

test("what was sealed for one purpose opens for no other", async () => {
  expect(await open(SECRET, "handed-on-key", await seal(SECRET, "stored-key", "x"))).toBeNull();
  expect(await open(SECRET, "stored-key", await seal(SECRET, "handed-on-key", "x"))).toBeNull();
});

test("the secret of before opens still, and what it sealed is to be sealed anew", async () => {
  const sealed = await seal(SECRET, "stored-key", "x");
  expect(await unseal(SECRET, "stored-key", sealed)).toEqual({ text: "x", fresh: true });
  expect(await unseal(ROTATED, "stored-key", sealed)).toEqual({ text: "x", fresh: false });
  expect(await unseal(OTHER, "stored-key", sealed)).toBeNull();
  const anew = await seal(ROTATED, "stored-key", "x");
  expect(await unseal(OTHER, "stored-key", anew)).toEqual({ text: "x", fresh: true });
});

test("texts from before purposes had keys of their own open, and are to be sealed anew", async () => {
  expect(await unseal(SECRET, "stored-key", OLD)).toEqual({ text: "uuid:key ☃", fresh: false });
  expect(await unseal(ROTATED, "handed-on-key", OLD)).toEqual({ text: "uuid:key ☃", fresh: false });
  expect(await unseal(OTHER, "stored-key", OLD)).toBeNull();
});

test("sealing twice gives different texts", async () => {
  expect(await seal(SECRET, "stored-key", "x")).not.toBe(await seal(SECRET, "stored-key", "x"));
});

test("a changed, cut or foreign text does not open and does not throw", async () => {
  const sealed = await seal(SECRET, "stored-key", "some text");
  const flipped = `${sealed.slice(0, 10)}${sealed.at(10) === "A" ? "B" : "A"}${sealed.slice(11)}`;
  const renamed = `v1.${sealed.slice(3)}`;
  for (const broken of [flipped, renamed, sealed.slice(0, 10), "", "v1.", "v1.***", "plain", "v2.AAAA", "v3.AAAA"]) {
    expect(await open(SECRET, "stored-key", broken), broken).toBeNull();
  }
});

test("derived keys differ by purpose and by secret, and are the same each time", async () => {
  const of = async (secret: string, purpose: string) => mac(await derive(secret, purpose), "text");
  const first = await of(SECRET.current, "lookup");
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await of(SECRET.current, "lookup")).toBe(first);
  expect(await of(SECRET.current, "credential")).not.toBe(first);
  expect(await of("other", "lookup")).not.toBe(first);
});

test("secrets are compared whole", async () => {
  expect(await sameSecret("abc", "abc")).toBe(true);
  expect(await sameSecret("abc", "abd")).toBe(false);
  expect(await sameSecret("abc", "abcd")).toBe(false);
  expect(await sameSecret("", "")).toBe(true);
});
