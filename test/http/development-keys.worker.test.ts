// The well-known keys: where they are taken while nobody else has a namespace here, and where once somebody has.

import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { mintCredential } from "../../src/entities/credential.ts";
import type { Env } from "../../src/env.ts";
import { masterSecretOf } from "../../src/env.ts";
import { makeApp } from "../../src/http/app.ts";
import { servicesOf } from "../../src/services/services.ts";
import { openStores } from "../../src/storage/open.ts";
import { made } from "../storage/stores.worker.ts";

const GUEST = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
const SYSTEM = "789c46b1-71f6-4ed5-8c54-816aa4f8c502:abczO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
const CONTAINER = { "x-edgewhisk-from-container": "1" };
const ENDED =
  "There are other namespaces here, so that the well-known keys are taken on this machine's own loopback only";
const own = env as unknown as Env;
const app = makeApp(servicesOf);
const { identities } = openStores(own, masterSecretOf(own));

beforeEach(async () => {
  await own.DB.batch(["identities", "subjects", "namespaces"].map((each) => own.DB.prepare(`DELETE FROM ${each}`)));
});

function at(where: "loopback" | "everywhere") {
  const given = { ...own, DEVELOPMENT_KEYS: where };
  return async (
    key: string,
    headers: Record<string, string> = {},
    [method, path, body]: [string, string, string?] = ["GET", "namespaces"],
  ) => {
    // Its batch of metrics follows a second later, and is not waited for.
    const context = createExecutionContext();
    const init = {
      method,
      headers: { Authorization: `Basic ${btoa(key)}`, "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body }),
    };
    const response = await app.fetch(new Request(`http://127.0.0.1/api/v1/${path}`, init), given, context);
    const { error } = (await response.json()) as { error?: string };
    return error === undefined ? response.status : `${response.status} ${error}`;
  };
}

const ended = expect.stringContaining(`403 ${ENDED}`);

it("are taken from containers and other machines while there is nobody else, and the platform's own proof is nobody", async () => {
  await made(identities, { subject: "prover", namespace: "edgewhisk.proof" });
  for (const key of [GUEST, SYSTEM]) {
    for (const where of ["loopback", "everywhere"] as const) {
      expect(await at(where)(key)).toBe(200);
      expect(await at(where)(key, CONTAINER)).toBe(200);
    }
  }
});

it("end at the machine's own loopback as soon as there is another namespace", async () => {
  const here = at("loopback");
  const anywhere = at("everywhere");
  expect(await here(GUEST, CONTAINER)).toBe(200);
  const alice = await made(identities, { subject: "alice", namespace: "home" });
  for (const key of [GUEST, SYSTEM]) {
    expect(await here(key)).toBe(200);
    expect(await here(key, CONTAINER)).toEqual(ended);
    expect(await anywhere(key)).toEqual(ended);
    expect(await anywhere(key, CONTAINER)).toEqual(ended);
  }
  for (const headers of [{}, CONTAINER]) {
    expect(await here(alice.key, headers)).toBe(200);
    expect(await anywhere(alice.key, headers)).toBe(200);
  }
  await identities.block("alice", true);
  expect(await here(SYSTEM, CONTAINER)).toEqual(ended);
});

it("of the guest who was given a key of his own do not come back by it", async () => {
  await made(identities, { subject: "guest", namespace: "guest" });
  await made(identities, { subject: "alice", namespace: "home" });
  expect(await at("loopback")(GUEST, CONTAINER)).toEqual(ended);
});

it("leave the catalogue to the system's own key: no action of its may write there", async () => {
  const secret = masterSecretOf(own);
  const uuid = SYSTEM.slice(0, 36);
  const grant = { namespaceId: uuid, keyId: uuid, expiresAt: Date.now() + 60_000 };
  const put: [string, string, string] = ["PUT", "namespaces/_/packages/utils?overwrite=true", '{"publish":true}'];
  for (const rights of ["use", "deploy"] as const) {
    const credential = await mintCredential(secret, { ...grant, rights });
    expect(await at("loopback")(credential, CONTAINER)).toBe(200);
    expect(await at("loopback")(credential, CONTAINER, put)).toEqual(expect.stringContaining("403 This key was given"));
  }
});
