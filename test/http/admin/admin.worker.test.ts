// The admin API: who may come in, what it makes, and how it refuses.

import { describe, expect, test } from "vitest";
import { admin, answer, clientOf, send } from "../platform.worker.ts";

const KEY = `11111111-2222-3333-4444-555555555555:${"k".repeat(64)}`;

async function opens(key: string): Promise<number> {
  return (await clientOf("", key).call("GET", "/limits")).status;
}

describe("an identity", () => {
  test("that is blocked is refused from that answer on, and taken again when it is unblocked", async () => {
    const { json: home } = await admin("POST", "/identities", { subject: "blocked one", namespace: "blocked-home" });
    const { json: work } = await admin("POST", "/identities", { subject: "blocked one", namespace: "blocked-work" });
    for (let round = 0; round < 2; round++) expect([await opens(home.key), await opens(work.key)]).toEqual([200, 200]);
    const path = "/identities/blocked%20one";
    const blocked = await admin("POST", `${path}/block`);
    expect([blocked.status, blocked.json]).toEqual([
      200,
      {
        ...{ subject: "blocked one", blocked: true },
        namespaces: ["blocked-home", "blocked-work"].map((name) => ({ name, id: expect.any(String), open: false })),
      },
    ]);
    expect([await opens(home.key), await opens(work.key)]).toEqual([401, 401]);
    expect((await admin("GET", path)).json).toEqual(blocked.json);
    const more = await admin("POST", "/identities", { subject: "blocked one", namespace: "more" });
    expect([more.status, more.json.error]).toEqual([409, "The subject you want to edit is blocked."]);
    expect((await admin("POST", `${path}/unblock`)).json.blocked).toBe(false);
    expect([await opens(home.key), await opens(work.key)]).toEqual([200, 200]);
  });

  test("loses one key or all when it is deleted", async () => {
    const subject = "deleted one";
    const keys: string[] = [];
    for (const namespace of ["gone-1", "gone-2", "gone-3"]) {
      keys.push((await admin("POST", "/identities", { subject, namespace })).json.key);
    }
    const statuses = async () => [await opens(keys[0]!), await opens(keys[1]!), await opens(keys[2]!)];
    expect(await statuses()).toEqual([200, 200, 200]);
    const path = `/identities/${encodeURIComponent(subject)}`;
    expect((await admin("DELETE", `${path}?namespace=gone-1`)).json.namespaces).toMatchObject([{ name: "gone-1" }]);
    expect(await statuses()).toEqual([401, 200, 200]);
    expect((await admin("DELETE", `${path}?namespace=gone-1`)).status).toBe(404);
    expect((await admin("DELETE", path)).json.namespaces).toMatchObject([{ name: "gone-2" }, { name: "gone-3" }]);
    expect(await statuses()).toEqual([401, 401, 401]);
    expect((await admin("GET", path)).status).toBe(404);
  });

  test("whose key is rotated has the new one only", async () => {
    const { json: made } = await admin("POST", "/identities", { subject: "rotated" });
    expect(await opens(made.key)).toBe(200);
    const { status, json } = await admin("POST", "/identities/rotated/rotate", {});
    expect([status, json]).toEqual([200, { subject: "rotated", namespace: "rotated", key: expect.any(String) }]);
    expect([await opens(made.key), await opens(json.key)]).toEqual([401, 200]);
    const taken = { key: `${json.key.slice(0, 36)}:${"x".repeat(64)}` };
    expect((await admin("POST", "/identities/rotated/rotate", taken)).status).toBe(409);
    expect(await opens(json.key)).toBe(200);
    expect((await admin("POST", "/identities/rotated/rotate", { namespace: "another" })).status).toBe(404);
    const credential = { key: `uuid:ac2.${"x".repeat(60)}` };
    expect((await admin("POST", "/identities/rotated/rotate", credential)).status).toBe(400);
  });

  test.each([
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/block"],
    ["POST", "/unblock"],
    ["POST", "/rotate"],
  ])("that is not there: %s %s is 404", async (method, verb) => {
    expect((await admin(method, `/identities/nobody-here${verb}`)).status).toBe(404);
  });
});

describe("the admin API", () => {
  test.each([
    ["no token", {}, "The resource requires authentication, which was not supplied with the request"],
    ["a wrong token", { Authorization: "Bearer test-admin-tokem" }, "The supplied authentication is invalid"],
    ["an empty token", { Authorization: "Bearer " }, "The supplied authentication is invalid"],
    ["another scheme", { Authorization: "Basic test-admin-token" }, "The supplied authentication is invalid"],
  ])("refuses %s", async (_, headers, error) => {
    for (const path of ["/admin/v1/hosts", "/admin/v1/nowhere", "/admin/v1/identities"]) {
      const refused = await answer(await send(path, { headers: headers as Record<string, string> }));
      expect(refused.status).toBe(401);
      expect(refused.json).toEqual({ error, code: expect.any(String) });
      expect(refused.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
    }
  });

  test("makes an identity whose key opens its namespace", async () => {
    const { status, json } = await admin("POST", "/identities", { subject: "somebody", namespace: "some place" });
    expect(status).toBe(200);
    expect(json).toEqual({ subject: "somebody", namespace: "some place", key: expect.stringMatching(/^[^:]+:.{64}$/) });
    const client = clientOf(json.namespace, json.key);
    expect((await client.call("GET", "/actions")).json).toEqual([]);
    expect((await admin("POST", "/identities", { subject: "somebody", namespace: "some place" })).status).toBe(409);
  });

  test("takes a given key and limits, which hold", async () => {
    const limits = { concurrentInvocations: 3, maxActionMemory: 256 };
    const { json } = await admin("POST", "/identities", { subject: "with-key", key: KEY, limits });
    expect(json).toEqual({ subject: "with-key", namespace: "with-key", key: KEY });
    const { json: effective } = await clientOf("with-key", KEY).call("GET", "/limits");
    expect(effective).toMatchObject({ concurrentInvocations: 3, maxActionMemory: 256 });
  });

  test.each([
    ["a short subject", { subject: " abc " }],
    ["no subject", {}],
    ["a namespace with a slash", { subject: "somebody", namespace: "a/b" }],
    ["a subject that is no namespace", { subject: "some/body" }],
    ["a short secret", { subject: "somebody", key: "u:short" }],
    ["an unknown limit", { subject: "somebody", limits: { memory: 1 } }],
    ["a negative limit", { subject: "somebody", limits: { firesPerMinute: -1 } }],
    ["a field it does not know", { subject: "somebody", admin: true }],
    ["no JSON", "{"],
    ["an array", []],
  ])("refuses %s", async (_, body) => {
    const { status, json } = await admin("POST", "/identities", body);
    expect(status).toBe(400);
    expect(json).toEqual({ error: expect.any(String), code: expect.any(String) });
  });

  test("makes, lists and revokes hosts", async () => {
    const { status, json } = await admin("POST", "/hosts", { name: "machine-1" });
    expect(status).toBe(200);
    expect(json).toEqual({ name: "machine-1", token: expect.any(String) });
    const { json: hosts } = await admin("GET", "/hosts");
    expect(hosts).toContainEqual({ name: "machine-1", shards: 1, created: expect.any(Number) });
    expect(JSON.stringify(hosts)).not.toContain(json.token);
    expect((await admin("DELETE", "/hosts/machine-1")).status).toBe(200);
    expect((await admin("DELETE", "/hosts/machine-1")).status).toBe(404);
    expect((await admin("POST", "/hosts", { name: "No Good" })).status).toBe(400);
    expect((await admin("GET", "/schedulers")).json).toEqual([]);
  });

  test("gives a host's name again only where it is said: then the token before is worth nothing", async () => {
    const { json: first } = await admin("POST", "/hosts", { name: "machine-2" });
    const again = await admin("POST", "/hosts", { name: "machine-2" });
    expect(again.status).toBe(409);
    expect(again.json).toEqual({ error: expect.stringContaining('"rotate": true'), code: expect.any(String) });
    const knock = (token: string) => send("/host/v1/connect", { headers: { Authorization: `Bearer ${token}` } });
    expect((await knock(first.token)).status).toBe(400);
    const { status, json: second } = await admin("POST", "/hosts", { name: "machine-2", rotate: true });
    expect(status).toBe(200);
    expect((await knock(first.token)).status).toBe(401);
    expect((await knock(second.token)).status).toBe(400);
  });

  test("answers other paths and verbs in JSON", async () => {
    expect((await admin("GET", "/nowhere")).status).toBe(404);
    expect((await admin("PUT", "/hosts", {})).status).toBe(405);
    expect((await admin("PUT", "/identities")).status).toBe(405);
  });
});
