// Activation credentials: shape, expiry, what they tell, and that nothing about one can be changed.

import { describe, expect, it } from "vitest";
import {
  type CredentialGrant,
  checkCredential,
  looksLikeCredential,
  mintCredential,
  tagOf,
} from "../../src/entities/credential.ts";

const master = { current: "a-master-secret-for-tests-of-credentials", previous: null };
const namespaceId = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502";
const expiresAt = 1_800_000_000_000;
const grant: CredentialGrant = { namespaceId, keyId: "some-key", rights: "use", expiresAt };
/** As they were minted before they told of rights and key, with `master`. */
const OLD = "act.6b49d200EFRnjXl4j5j517rT88oiqqM00sBLCnpr1DoRjzlJ-dYsRq4C3q08";

async function minted(changes: Partial<CredentialGrant> = {}): Promise<string> {
  return (await mintCredential(master, { ...grant, ...changes })).slice(namespaceId.length + 1);
}

describe("an activation credential", () => {
  it("is the namespace's id and exactly 64 url-safe characters", async () => {
    const key = await mintCredential(master, grant);
    expect(key).toMatch(/^23bc46b1-71f6-4ed5-8c54-816aa4f8c502:ac2\.[0-9a-f]{8}[\w-]{52}$/);
    expect(looksLikeCredential(key.slice(37))).toBe(true);
  });

  it("tells its rights and which key it comes from", async () => {
    for (const rights of ["use", "deploy"] as const) {
      for (const keyId of ["some-key", "another-key", ""]) {
        const secret = await minted({ rights, keyId });
        expect(await checkCredential(master, { user: namespaceId, secret, now: 0 })).toEqual({
          ...{ namespaceId, expiresAt, rights },
          keyTag: await tagOf(keyId),
        });
      }
    }
    expect(await tagOf("some-key")).not.toBe(await tagOf("another-key"));
  });

  it("of a scope tells its patterns, and nothing of them can be changed", async () => {
    for (const rights of ["none", "read", "invoke", "use", "deploy"] as const) {
      const scope = ["pkg/*", "a b"];
      const [user = "", secret = ""] = (await mintCredential(master, { ...grant, rights, scope })).split(":");
      expect([user.startsWith(`${namespaceId}~`), looksLikeCredential(secret)]).toEqual([true, true]);
      expect(await checkCredential(master, { user, secret, now: 0 })).toMatchObject({ namespaceId, rights, scope });
      expect(await checkCredential(master, { user: namespaceId, secret, now: 0 })).toBeNull();
      for (let at = 0; at < user.length; at++) {
        const changed = user.slice(0, at) + (user.charAt(at) === "A" ? "B" : "A") + user.slice(at + 1);
        expect(await checkCredential(master, { user: changed, secret, now: 0 }), `character ${at}`).toBeNull();
      }
    }
  });

  it("with less than an earlier version knows is none to it", async () => {
    for (const change of [{ rights: "invoke" }, { rights: "read" }, { rights: "none" }, { scope: ["a"] }] as const) {
      const secret = (await mintCredential(master, { ...grant, ...change })).split(":")[1] ?? "";
      expect(/^(ac2|act)\./.test(secret)).toBe(false);
    }
  });

  it("is good until it expires, and not at that moment", async () => {
    const secret = await minted();
    expect(await checkCredential(master, { user: namespaceId, secret, now: expiresAt - 1 })).toMatchObject({
      expiresAt,
    });
    expect(await checkCredential(master, { user: namespaceId, secret, now: expiresAt })).toBeNull();
  });

  it("opens no other namespace and no other deployment", async () => {
    const secret = await minted();
    expect(await checkCredential(master, { user: "other", secret, now: 0 })).toBeNull();
    const elsewhere = { current: "another master secret", previous: null };
    expect(await checkCredential(elsewhere, { user: namespaceId, secret, now: 0 })).toBeNull();
  });

  it("of the secret of before counts while that one is given, unless it could be guessed", async () => {
    const secret = await minted();
    const current = "the-secret-of-today-which-is-another-one";
    const check = (previous: string | null) =>
      checkCredential({ current, previous }, { user: namespaceId, secret, now: 0 });
    expect(await check(master.current)).toMatchObject({ expiresAt });
    expect(await check(null)).toBeNull();
    for (const guessed of ["", "short"]) {
      const forged = await mintCredential({ current: guessed, previous: null }, grant);
      const presented = { user: namespaceId, secret: forged.slice(namespaceId.length + 1), now: 0 };
      expect(await checkCredential({ current, previous: guessed }, presented), guessed).toBeNull();
    }
  });

  it("is refused when any one character differs", async () => {
    const secret = await minted();
    for (let at = 0; at < secret.length; at++) {
      const other = secret.charAt(at) === "0" ? "1" : "0";
      const changed = secret.slice(0, at) + other + secret.slice(at + 1);
      expect(
        await checkCredential(master, { user: namespaceId, secret: changed, now: 0 }),
        `character ${at}`,
      ).toBeNull();
    }
  });

  it("of the old form is honoured until it expires, and tells no key", async () => {
    expect(looksLikeCredential(OLD)).toBe(true);
    const check = (now: number) => checkCredential(master, { user: namespaceId, secret: OLD, now });
    expect(await check(expiresAt - 1)).toEqual({ namespaceId, expiresAt, rights: "deploy", keyTag: null });
    expect(await check(expiresAt)).toBeNull();
  });

  it("does not resemble a stored key", async () => {
    expect(looksLikeCredential("123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP")).toBe(false);
  });
});
