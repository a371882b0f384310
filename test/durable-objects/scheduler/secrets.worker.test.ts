// What a scheduler makes with the deployment's secret, and that nothing is made without it.

import { expect, test } from "vitest";
import { secretsOf } from "../../../durable-objects/scheduler/secrets.ts";
import { checkCredential } from "../../../src/entities/credential.ts";
import { seal } from "../../../src/entities/sealing.ts";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import { aboutDigest } from "../../../src/protocol/proofs.ts";
import { callOf, metaOf, START } from "../calls.ts";

const MASTER = { current: "a-master-secret-for-tests-of-the-scheduler", previous: null };
const env = { MASTER_SECRET: MASTER.current };
const EXPIRES_AT = START + 90_000;

async function grantedBy(key: string) {
  const [user = "", secret = ""] = key.split(":");
  return checkCredential(MASTER, { user, secret, now: START });
}

function keyFor(call: Invocation): Promise<string> {
  return secretsOf(env).credential(call, EXPIRES_AT);
}

test("an action's key is minted for its namespace, with the rights it asks for, until it expires", async () => {
  const plain = await keyFor(callOf({ credential: "activation" }));
  expect(plain.startsWith("ns:")).toBe(true);
  expect(await grantedBy(plain)).toMatchObject({ rights: "use", expiresAt: EXPIRES_AT });
  const deploys = await keyFor(callOf({ credential: "activation", rights: "deploy" }));
  expect(await grantedBy(deploys)).toMatchObject({ rights: "deploy" });
});

test("the owner's key is handed on where it opens; else the action gets a minted one", async () => {
  const sealedKey = await seal(MASTER, "handed-on-key", "owner:key");
  expect(await keyFor(callOf({ credential: "owner", sealedKey }))).toBe("owner:key");
  for (const sealed of [await seal(MASTER, "stored-key", "owner:key"), "damaged"]) {
    expect(await grantedBy(await keyFor(callOf({ credential: "owner", sealedKey: sealed })))).toMatchObject({
      rights: "use",
    });
  }
  expect(await grantedBy(await keyFor(callOf({ credential: "activation", sealedKey })))).not.toBeNull();
});

test("leases of one incarnation are proofs for the next", () => {
  const grant = { host: "h", id: callOf().id, attempt: 1, about: aboutDigest(metaOf()) };
  const lease = secretsOf(env).proofs().lease(grant, { epoch: 1, turn: 0 });
  expect(secretsOf(env).proofs().isLease(grant, lease)).toBe(true);
  const other = secretsOf({ MASTER_SECRET: `${MASTER.current}-another` });
  expect(other.proofs().isLease(grant, lease)).toBe(false);
});

test("without a secret nothing is made", async () => {
  const none = secretsOf({} as Parameters<typeof secretsOf>[0]);
  expect(() => none.proofs()).toThrow(/MASTER_SECRET/);
  await expect(none.credential(callOf({ credential: "activation" }), EXPIRES_AT)).rejects.toThrow(/MASTER_SECRET/);
});
