// Activation credentials: shape, expiry, and that nothing about one can be changed.

import { describe, expect, it } from "vitest";
import { checkCredential, looksLikeCredential, mintCredential } from "../../src/entities/credential.ts";

const master = { current: "a-master-secret-for-tests-of-credentials", previous: null };
const namespaceId = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502";
const expiresAt = 1_800_000_000_000;

async function minted(): Promise<string> {
  return (await mintCredential(master, { namespaceId, expiresAt })).slice(namespaceId.length + 1);
}

describe("an activation credential", () => {
  it("is the uuid and exactly 64 url-safe characters", async () => {
    const key = await mintCredential(master, { namespaceId, expiresAt });
    expect(key).toMatch(/^23bc46b1-71f6-4ed5-8c54-816aa4f8c502:act\.[0-9a-f]{8}[\w-]{52}$/);
    expect(looksLikeCredential(key.slice(37))).toBe(true);
  });

  it("differs each time", async () => {
    expect(await minted()).not.toBe(await minted());
  });

  it("is good until it expires, and not at that moment", async () => {
    const secret = await minted();
    expect(await checkCredential(master, { namespaceId, secret, now: expiresAt - 1 })).toBe(expiresAt);
    expect(await checkCredential(master, { namespaceId, secret, now: expiresAt })).toBeNull();
  });

  it("opens no other namespace and no other deployment", async () => {
    const secret = await minted();
    expect(await checkCredential(master, { namespaceId: "other", secret, now: 0 })).toBeNull();
    expect(
      await checkCredential({ current: "another master secret", previous: null }, { namespaceId, secret, now: 0 }),
    ).toBeNull();
  });

  it("of the secret of before counts while that one is given, unless it could be guessed", async () => {
    const secret = await minted();
    const current = "the-secret-of-today-which-is-another-one";
    const check = (previous: string | null) => checkCredential({ current, previous }, { namespaceId, secret, now: 0 });
    expect(await check(master.current)).toBe(expiresAt);
    expect(await check(null)).toBeNull();
    for (const guessed of ["", "short"]) {
      const forged = await mintCredential({ current: guessed, previous: null }, { namespaceId, expiresAt });
      const presented = { namespaceId, secret: forged.slice(namespaceId.length + 1), now: 0 };
      expect(await checkCredential({ current, previous: guessed }, presented), guessed).toBeNull();
    }
  });

  it("is refused when any one character differs", async () => {
    const secret = await minted();
    for (let at = 0; at < secret.length; at++) {
      const other = secret.charAt(at) === "0" ? "1" : "0";
      const changed = secret.slice(0, at) + other + secret.slice(at + 1);
      expect(await checkCredential(master, { namespaceId, secret: changed, now: 0 }), `character ${at}`).toBeNull();
    }
  });

  it("does not resemble a stored key", async () => {
    expect(looksLikeCredential("123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP")).toBe(false);
  });
});
