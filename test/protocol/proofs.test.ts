// What a host shows again: a proof holds for exactly what it was made of, under the secret in force and the one before.

import { describe, expect, it } from "vitest";
import type { ActivationMeta } from "../../src/entities/activation.ts";
import { aboutDigest, Proofs } from "../../src/protocol/proofs.ts";
import { metaOf } from "../durable-objects/calls.ts";

const NOW = 1_800_000_000_000;
const GRANT = { host: "one", id: "0".repeat(32), attempt: 1, about: "about" };
const proofs = new Proofs({ current: "the secret", previous: null });
const next = new Proofs({ current: "the next secret", previous: "the secret" });
const other = new Proofs({ current: "the next secret", previous: null });

describe("a lease", () => {
  const lease = proofs.lease(GRANT, { epoch: 3, turn: 5 });

  it("holds for its own grant alone", () => {
    expect(proofs.isLease(GRANT, lease)).toBe(true);
    for (const more of [{ host: "two" }, { id: "1".repeat(32) }, { attempt: 2 }, { about: "another" }]) {
      expect([more, proofs.isLease({ ...GRANT, ...more }, lease)]).toEqual([more, false]);
    }
    expect(proofs.isLease(GRANT, { ...lease, epoch: 4 })).toBe(false);
    for (const by of [1, -1, 32]) expect(proofs.isLease(GRANT, { ...lease, counter: lease.counter + by })).toBe(false);
  });

  it("is a whole number, the same each time, and another with each turn", () => {
    expect(Number.isSafeInteger(lease.counter) && lease.counter >= 0).toBe(true);
    expect(proofs.lease(GRANT, { epoch: 3, turn: 5 })).toEqual(lease);
    const counters = Array.from({ length: 32 }, (_, turn) => proofs.lease(GRANT, { epoch: 3, turn }).counter);
    expect(new Set(counters).size).toBe(32);
    expect(counters.every((counter) => proofs.isLease(GRANT, { epoch: 3, counter }))).toBe(true);
    expect(proofs.lease(GRANT, { epoch: 3, turn: 37 })).toEqual(lease);
  });

  it("of the secret before still holds, and is made no more", () => {
    expect([next.isLease(GRANT, lease), other.isLease(GRANT, lease)]).toEqual([true, false]);
    const made = next.lease(GRANT, { epoch: 3, turn: 5 });
    expect([other.isLease(GRANT, made), proofs.isLease(GRANT, made)]).toEqual([true, false]);
  });
});

describe("a blob's key", () => {
  const until = NOW + 1_500;
  const signed = proofs.blob("code/a/b", { host: "one", until });
  const opened = (text: string, { host = "one", now = NOW, by = proofs } = {}) => by.openBlob(text, { host, now });

  it("opens for its host, until its time is over, to the second", () => {
    expect([opened(signed), opened(signed, { now: NOW + 2_000 }), opened(signed, { now: NOW + 2_001 })]).toEqual([
      ...["code/a/b", "code/a/b", null],
    ]);
    expect([opened(signed, { host: "two" }), opened(signed, { by: next }), opened(signed, { by: other })]).toEqual([
      ...[null, "code/a/b", null],
    ]);
  });

  it("is not made longer, nor another one, by who has it", () => {
    const [, key = "", expiry = "", proof = ""] = /^(.*)\/([0-9a-f]+)\.([0-9a-f]{32})$/.exec(signed) ?? [];
    const later = (Number.parseInt(expiry, 16) + 9).toString(16);
    const wrong = [
      ...[`${key}/${later}.${proof}`, `code/a/c/${expiry}.${proof}`, `${key}/${expiry}.${"0".repeat(32)}`, key, ""],
      ...[`${key}/${expiry}.${proof}0`, `${key}/${expiry}.${proof.toUpperCase()}x`, `/${expiry}.${proof}`],
      `${key}/0${expiry}.${proof}`,
    ];
    for (const text of wrong) expect([text, opened(text)]).toEqual([text, null]);
  });

  it("is the same for whoever makes it with the secret, and may hold anything a key may", () => {
    for (const key of ["k", "results/0/1", "a.b/c"]) {
      const made = new Proofs({ current: "the secret", previous: null }).blob(key, { host: "one", until });
      expect([made, opened(made)]).toEqual([proofs.blob(key, { host: "one", until }), key]);
    }
  });
});

describe("what stands for an activation", () => {
  it("differs with all that is told of it", () => {
    const about = metaOf({ acceptedAt: 7, transactionId: "t" });
    const changes: Partial<ActivationMeta>[] = [
      ...[{ namespace: "x" }, { namespaceId: "x" }, { subject: "x" }, { name: "x" }, { version: "x" }, { path: "x" }],
      ...[{ kind: "x" }, { binding: "x" }, { causedBy: "sequence" as const }, { topmost: true }, { topmost: false }],
      ...[{ conductor: true as const }, { store: false }, { acceptedAt: 8 }, { transactionId: "u" }, { cause: "c" }],
      ...(["timeout", "memory", "logs", "concurrency", "instances"] as const).map((name) => ({
        limits: { ...about.limits, [name]: 99 },
      })),
    ];
    const digests = changes.map((each) => aboutDigest({ ...about, ...each }));
    expect(new Set([aboutDigest(about), ...digests]).size).toBe(changes.length + 1);
    expect(aboutDigest({ ...about })).toBe(aboutDigest(about));
  });

  it("is the same after very many others", () => {
    const about = metaOf({ acceptedAt: 7 });
    const before = aboutDigest(about);
    for (let at = 0; at < 1_100; at++) aboutDigest({ ...about, name: `other${at}` });
    expect(aboutDigest(about)).toBe(before);
  });
});
