// What a host is sent names its blobs under keys that are good for it alone, and not for long.

import { expect, test } from "vitest";
import { Passes } from "../../../durable-objects/scheduler/passes.ts";
import { Proofs } from "../../../src/protocol/proofs.ts";
import { callOf, START } from "../calls.ts";

const proofs = new Proofs({ current: "a secret of the tests", previous: null });
const code = { key: "code/abc..10", hash: "a".repeat(64), size: 10 };
const call = callOf({ exec: { kind: "nodejs:20", binary: false, code }, args: { blob: "args/ns/1", size: 70_000 } });

function opened(key: string, options: { host?: string; now?: number; by?: Proofs } = {}): string | null {
  const { host = "h", now = START, by = proofs } = options;
  return by.openBlob(key, { host, now });
}

test("arguments and code are signed for the host, for as long as the run may take", () => {
  const sent = new Passes("h", () => proofs).for(call, START + 10_000);
  const args = "blob" in sent.args ? sent.args.blob : "";
  const key = sent.exec.code?.key ?? "";
  expect([opened(args), opened(key)]).toEqual(["args/ns/1", code.key]);
  expect([opened(args, { host: "other" }), opened(key, { host: "other" })]).toEqual([null, null]);
  expect([opened(args, { now: START + 72_000 }), opened(key, { now: START + 3_600_000 })]).toEqual([null, null]);
  // The store frees what the call was given under its own name.
  expect(call.args).toEqual({ blob: "args/ns/1", size: 70_000 });
});

test("code is signed once for many runs, and again before the key ends", () => {
  const passes = new Passes("h", () => proofs);
  const keyAt = (deadline: number) => passes.for(call, deadline).exec.code?.key;
  expect(keyAt(START)).toBe(keyAt(START + 300_000));
  expect(keyAt(START)).not.toBe(keyAt(START + 700_000));
  expect(opened(keyAt(START + 700_000) ?? "", { now: START + 700_000 })).toBe(code.key);
});

test("a call without blobs is sent as it is", () => {
  const plain = callOf();
  expect(new Passes("h", () => proofs).for(plain, START)).toBe(plain);
});

test("the secret of before opens what it has signed", () => {
  const key = proofs.blob("code/abc", { host: "h", until: START + 5_000 });
  const next = new Proofs({ current: "the next secret", previous: "a secret of the tests" });
  expect([opened(key, { by: next }), opened(key, { by: new Proofs({ current: "other", previous: null }) })]).toEqual([
    "code/abc",
    null,
  ]);
});
