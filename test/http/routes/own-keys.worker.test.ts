// What the owner of a namespace does with its keys, records, hooks and secrets by his own key: never more than he has,
// and never so that nobody owns it.

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Env } from "../../../src/env.ts";
import { makeApp } from "../../../src/http/app.ts";
import { servicesOf } from "../../../src/services/services.ts";
import { ask, GUEST_KEY } from "../../support/client.worker.ts";
import { admin, answer, type Client, clientOf, newClient, send } from "../platform.worker.ts";

const DAY = 86_400_000;
const idOf = ({ key }: Client) => key.split(":")[0] ?? "";
const opens = async ({ key }: Client) => (await clientOf("", key).call("GET", "/limits")).status;

async function issue(owner: Client, order: object): Promise<Client> {
  const { status, json } = await owner.call("POST", "/keys", order);
  expect([status, json.error]).toEqual([200, undefined]);
  return clientOf(owner.namespace, json.key);
}

describe("keys of the own namespace", () => {
  test("are issued with role, scope and end, listed without secrets, changed, and refused once they are revoked", async () => {
    const owner = await newClient();
    const ends = Date.now() + DAY;
    const order = { name: "ci", role: "developer", scope: ["orders/*"], ends, subject: "the-build" };
    const ci = await issue(owner, order);
    const { json: listed, text } = await owner.call("GET", "/keys");
    expect(listed).toMatchObject({
      next: null,
      items: [
        { name: "default", role: "owner" },
        { ...order, good: true },
      ],
    });
    for (const { key } of [owner, ci]) expect(text).not.toContain(key.split(":")[1]);
    expect((await owner.call("GET", `/keys/${idOf(ci)}`)).json).toMatchObject({ ...order, subject: "the-build" });
    expect([await opens(ci), (await ci.call("PUT", "/packages/orders", {})).status]).toEqual([200, 200]);
    expect((await ci.call("PUT", "/packages/bills", {})).status).toBe(403);
    const changed = await owner.call("PATCH", `/keys/${idOf(ci)}`, { role: "reader", scope: null, ends: null });
    expect(changed.json).toMatchObject({ name: "ci", role: "reader", scope: null, ends: null });
    expect((await ci.call("PUT", "/packages/orders?overwrite=true", {})).status).toBe(403);
    expect((await owner.call("DELETE", `/keys/${idOf(ci)}`)).json).toMatchObject({ id: idOf(ci), good: false });
    expect([await opens(ci), (await owner.call("GET", `/keys/${idOf(ci)}`)).status]).toEqual([401, 404]);
  });

  test("are rotated, with a time in which both are good, his own as well", async () => {
    const owner = await newClient();
    const { status, json } = await owner.call("POST", `/keys/${idOf(owner)}/rotate`, { overlap: 3_600 });
    expect(status).toBe(200);
    const next = clientOf(owner.namespace, json.key);
    expect([await opens(owner), await opens(next)]).toEqual([200, 200]);
    expect((await owner.call("POST", `/keys/${idOf(owner)}/rotate`, {})).status).toBe(409);
    const { status: atOnce, json: last } = await next.call("POST", `/keys/${idOf(next)}/rotate`);
    expect([atOnce, await opens(next), await opens(clientOf("", last.key))]).toEqual([200, 401, 200]);
    // What is replaced owns it no longer than it is said to be good.
    for (const order of [{}, { ends: Date.now() + DAY }]) {
      const refused = await owner.call("POST", "/keys", { name: "longer", role: "invoker", ...order });
      const isShort = order.ends === undefined;
      expect([refused.status, refused.json.error]).toEqual(
        isShort ? [200, undefined] : [403, expect.stringContaining("no other may last longer")],
      );
    }
    expect((await owner.call("POST", `/keys/${last.now.id}/rotate`, {})).status).toBe(403);
  });

  test("of a key with an end end by then: issued, changed or taken over", async () => {
    const owner = await newClient();
    const ends = Date.now() + DAY;
    const short = await issue(owner, { name: "short", role: "owner", ends });
    const made = await issue(short, { name: "made", role: "owner" });
    expect((await owner.call("GET", `/keys/${idOf(made)}`)).json.ends).toBe(ends);
    const tries: [string, string, object][] = [
      ["POST", "/keys", { name: "x", role: "reader", ends: ends + 1 }],
      ["PATCH", `/keys/${idOf(made)}`, { ends: null }],
      ["PATCH", `/keys/${idOf(short)}`, { ends: ends + 1 }],
      ["POST", `/keys/${idOf(owner)}/rotate`, { overlap: 60 }],
    ];
    for (const [method, path, body] of tries) {
      const { status, json } = await short.call(method, path, body);
      expect([method, path, status, json.error]).toEqual([
        ...[method, path, 403],
        expect.stringContaining(new Date(ends).toISOString()),
      ]);
    }
    expect(await opens(owner)).toBe(200);
  });

  test("never leave the namespace without an owner for as long as it had one, also where two take each other's", async () => {
    const owner = await newClient();
    const own = `/keys/${idOf(owner)}`;
    const last = [409, expect.stringContaining("Nobody would own the namespace")];
    const tried = async (by: Client, method: string, path: string, body?: object) => {
      const { status, json } = await by.call(method, path, body);
      return status === 200 ? 200 : [status, json.error];
    };
    const losses = [{ role: "developer" }, { scope: ["a*"] }, { ends: Date.now() + DAY }, { ends: 0 }];
    const short = await issue(owner, { name: "short", role: "owner", ends: Date.now() + DAY });
    await issue(owner, { name: "scoped", role: "owner", scope: ["a*"] });
    for (const loss of losses) expect(await tried(owner, "PATCH", own, loss)).toEqual(last);
    expect(await tried(short, "DELETE", own)).toEqual(last);
    expect(await tried(owner, "DELETE", own)).toEqual(last);
    expect(await tried(owner, "PATCH", own, { name: "mine" })).toBe(200);
    const other = await issue(owner, { name: "other", role: "owner" });
    const both = await Promise.all([tried(owner, "DELETE", `/keys/${idOf(other)}`), tried(other, "DELETE", own)]);
    expect(both.filter((each) => each === 200).length).toBe(1);
    expect([await opens(owner), await opens(other)].toSorted()).toEqual([200, 401]);
  });

  test("are those of the own namespace: others are not there, and other namespaces are forbidden", async () => {
    const [owner, stranger] = [await newClient(), await newClient()];
    const path = `/keys/${idOf(stranger)}`;
    for (const [method, body] of [["GET"], ["DELETE"], ["PATCH", { role: "reader" }]] as const)
      expect([method, (await owner.call(method, path, body)).status]).toEqual([method, 404]);
    expect((await owner.call("POST", `${path}/rotate`, {})).status).toBe(404);
    const headers = { Authorization: `Basic ${btoa(owner.key)}` };
    for (const piece of ["keys", "retention", "usage", "forwarding", "secrets"]) {
      const theirs = await answer(await send(`/api/v1/namespaces/${stranger.namespace}/${piece}`, { headers }));
      expect([piece, theirs.status, theirs.json.error]).toEqual([
        piece,
        403,
        expect.stringContaining(stranger.namespace),
      ]);
    }
    expect(await opens(stranger)).toBe(200);
  });

  test("are refused with a reason where the order makes no sense", async () => {
    const owner = await newClient();
    const good = { name: "ci", role: "reader" };
    const bad: [object | string, string][] = [
      ["rubbish", "malformed"],
      [{}, "name:"],
      [{ name: "ci" }, "role:"],
      [{ ...good, role: "king" }, "role:"],
      [{ ...good, scope: [] }, "scope:"],
      [{ ...good, scope: ["a/b/c/d/e"] }, "scope.0:"],
      [{ ...good, ends: -1 }, "ends:"],
      [{ ...good, subject: "me" }, "subject:"],
      [{ ...good, key: `${crypto.randomUUID()}:${"k".repeat(64)}` }, "key"],
      [{ ...good, namespace: "guest" }, "namespace"],
    ];
    for (const [body, why] of bad) {
      const { status, json } = await owner.call("POST", "/keys", body);
      expect([body, status, json.error]).toEqual([body, 400, expect.stringContaining(why)]);
    }
    await issue(owner, good);
    expect((await owner.call("POST", "/keys", good)).status).toBe(409);
    expect((await owner.call("GET", "/keys?limit=0")).status).toBe(400);
    await admin("POST", "/identities", { subject: "blocked-member", namespace: `blocked-${Date.now()}` });
    await admin("POST", "/identities/blocked-member/block");
    expect((await owner.call("POST", "/keys", { ...good, subject: "blocked-member" })).status).toBe(409);
  });

  test("of the well-known namespace are issued and all revoked: the well-known key owns it as ever", async () => {
    const path = "/api/v1/namespaces/guest/keys";
    const body = JSON.stringify({ name: `own-${Date.now()}`, role: "owner" });
    const issued = await ask("POST", path, { body });
    expect(issued.status).toBe(200);
    const made = clientOf("guest", (issued.json() as { key: string }).key);
    const [known] = (await made.call("GET", "/keys")).json.items;
    expect(known).toMatchObject({ id: GUEST_KEY.split(":")[0], subject: "guest", role: "owner" });
    expect((await ask("DELETE", `${path}/${idOf(made)}`)).status).toBe(200);
    expect([await opens(made), (await ask("GET", path)).status]).toEqual([401, 200]);
  });
});

describe("what is decided for the whole namespace", () => {
  test("retention and usage are the owner's to see and to set, as the administrator sees them", async () => {
    const owner = await newClient();
    const set = await owner.call("PUT", "/retention", { maxRecords: 5 });
    expect(set.json.bounds.maxRecords).toEqual({ value: 5, from: "namespace" });
    for (const piece of ["retention", "usage", "forwarding"]) {
      // When it will be looked at next, and how that went, changes meanwhile.
      const shown = ({ nextLook: _, fault: __, ...rest }: Record<string, unknown>) => [piece, rest];
      const { json } = await owner.call("GET", `/${piece}`);
      expect(shown(json)).toEqual(shown((await admin("GET", `/namespaces/${owner.namespace}/${piece}`)).json));
    }
    expect((await owner.call("PUT", "/retention", { maxRecords: 0 })).status).toBe(400);
    expect((await owner.call("DELETE", "/retention")).json.bounds.maxRecords.value).toBeNull();
  });

  test("records are kept no longer than the deployment says, but less if the owner likes", async () => {
    const owner = await newClient();
    const app = makeApp(servicesOf);
    const own = { ...(env as unknown as Env), DEFAULT_RETENTION: '{"maxAge":86400}' };
    const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
    const put = async (policy: object) => {
      const headers = { Authorization: `Basic ${btoa(owner.key)}`, "Content-Type": "application/json" };
      const init = { method: "PUT", headers: { ...headers, Host: "edgewhisk.test" }, body: JSON.stringify(policy) };
      const asked = new Request("http://edgewhisk.test/api/v1/namespaces/_/retention", init);
      return answer(await app.fetch(asked, own, context));
    };
    for (const policy of [{ maxAge: null }, { maxAge: 86_401 }]) {
      const { status, json } = await put(policy);
      expect([policy, status, json.error]).toEqual([policy, 403, expect.stringContaining("within maxAge 86400")]);
    }
    const less = await put({ maxAge: 3_600, maxRecords: null });
    expect([less.status, less.json.bounds.maxAge]).toEqual([200, { value: 3_600, from: "namespace" }]);
  });

  test("hooks are set and taken away; of secrets only what they are for is shown", async () => {
    const owner = await newClient();
    const set = await owner.call("PUT", "/forwarding", { url: "https://sink.example/records" });
    expect([set.status, set.json.hook.url]).toEqual([200, "https://sink.example/records"]);
    await owner.call("PUT", "/triggers/t", {});
    const feed = "/api/v1/namespaces/whisk.system/actions/webhook/webhook?blocking=true&result=true";
    const headers = { Authorization: `Basic ${btoa(owner.key)}`, "Content-Type": "application/json" };
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const order = { lifecycleEvent: "CREATE", triggerName: "/_/t", signature: "hmac", secret };
    const made = await answer(await send(feed, { method: "POST", headers, body: JSON.stringify(order) }));
    expect([made.status, made.json.error]).toEqual([200, undefined]);
    const { json, text } = await owner.call("GET", "/secrets");
    expect(json).toMatchObject([
      { purpose: "record-hook", of: null },
      { purpose: "webhook-secret", of: "t" },
    ]);
    for (const hidden of [secret, set.json.secret]) expect(text).not.toContain(hidden);
    expect((await owner.call("DELETE", "/forwarding")).json.hook).toBeNull();
    expect((await owner.call("GET", "/secrets")).json.length).toBe(1);
  });

  test("what an administrator has set to send records or user events to is his to change, and to remove", async () => {
    const owner = await newClient();
    for (const piece of ["forwarding", "events"]) {
      const path = `/namespaces/${owner.namespace}/${piece}`;
      const order = { url: "https://sink.example/theirs" };
      expect((await owner.call("PUT", `/${piece}`, { url: "https://sink.example/own" })).status).toBe(200);
      expect((await admin("PUT", path, order)).status).toBe(200);
      const shown = await owner.call("GET", `/${piece}`);
      expect(shown.json.hook).toMatchObject({ ...order, setBy: "administrator" });
      for (const refused of [
        await owner.call("PUT", `/${piece}`, { url: "https://sink.example/own" }),
        await owner.call("DELETE", `/${piece}`),
      ]) {
        const why = expect.stringContaining("only an administrator changes or removes it");
        expect([refused.status, refused.json.error]).toEqual([403, why]);
      }
      expect((await owner.call("GET", `/${piece}`)).json.hook.url).toBe(order.url);
      expect((await admin("DELETE", path)).status).toBe(200);
      const again = await owner.call("PUT", `/${piece}`, { url: "https://sink.example/own" });
      expect([again.status, again.json.hook.setBy]).toEqual([200, undefined]);
      expect((await owner.call("DELETE", `/${piece}`)).status).toBe(200);
    }
  });
});
