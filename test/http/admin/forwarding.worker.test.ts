// To where records and user events are sent: set, shown and taken away by the administrator.

import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { ActivationStoreRpc } from "../../../src/protocol/rpc.ts";
import { testEnv } from "../../durable-objects/host.worker.ts";
import { admin, type Client, newClient, send } from "../platform.worker.ts";

interface Home {
  name: string;
  id: string;
  client: Client;
}

let home: Home;

async function newHome(): Promise<Home> {
  const client = await newClient();
  const { namespace } = client;
  const { json } = await admin("GET", `/identities/${namespace}`);
  return { name: namespace, id: json.namespaces[0].id, client };
}

beforeAll(async () => {
  home = await newHome();
});

describe("to where records are forwarded", () => {
  const path = ({ name }: Home) => `/namespaces/${name}/forwarding`;

  test("is set with a secret that is shown once, told to the objects, shown with its state, and taken away", async () => {
    const own = await newHome();
    expect((await admin("GET", path(own))).json).toEqual({ namespace: own.name, hook: null });
    const order = { url: "https://sink.example/records", authorization: "Bearer not to be shown" };
    const set = await admin("PUT", path(own), order);
    expect(set.status).toBe(200);
    expect(set.json.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const shown = await admin("GET", path(own));
    expect(shown.json).toEqual({
      namespace: own.name,
      hook: {
        ...{ url: order.url, format: "ndjson", gzip: true, authorization: true, told: true, setBy: "administrator" },
        changed: expect.any(Number),
      },
      state: {
        ...{
          waiting: 0,
          bytes: 0,
          lagMs: 0,
          sent: 0,
          unreachable: 0,
          lastSent: null,
          lastDropped: null,
          lastError: null,
        },
        dropped: { total: 0, backlog: 0, age: 0, refused: 0 },
      },
    });
    const stores = ["00", "01", "02", "03"].map(
      (shard) => testEnv().ACTIVATIONS.getByName(`${own.id}:${shard}`) as unknown as ActivationStoreRpc,
    );
    for (const store of stores) expect(await store.forwarding()).not.toBeNull();
    const lain = await testEnv().DB.prepare("SELECT sealed FROM secrets WHERE namespace_id = ?").bind(own.id).all();
    expect(JSON.stringify(lain.results)).not.toMatch(/not to be shown|whsec_/);
    // What is not said again stays.
    const again = await admin("PUT", path(own), { url: "https://other.example/_bulk", format: "elasticsearch" });
    expect([again.json.secret, again.json.hook.authorization]).toEqual([undefined, true]);
    const gone = await admin("DELETE", path(own));
    expect([gone.status, gone.json]).toEqual([200, { namespace: own.name, hook: null }]);
    for (const store of stores) expect(await store.forwarding()).toBeNull();
    const left =
      "SELECT (SELECT count(*) FROM secrets WHERE namespace_id = ?1) + (SELECT count(*) FROM record_hooks WHERE namespace_id = ?1) AS n";
    expect(await testEnv().DB.prepare(left).bind(own.id).first("n")).toBe(0);
    expect((await admin("DELETE", path(own))).status).toBe(404);
  });

  test("is told to objects that were not told of it, in the next round", async () => {
    const own = await newHome();
    await admin("PUT", path(own), { url: "https://sink.example/records" });
    // As if the platform had been lost in between, and had got another shard.
    await testEnv().DB.prepare("UPDATE record_hooks SET told = 1 WHERE namespace_id = ?").bind(own.id).run();
    const store = testEnv().ACTIVATIONS.getByName(`${own.id}:02`) as unknown as ActivationStoreRpc;
    await runInDurableObject(testEnv().ACTIVATIONS.getByName(`${own.id}:02`), (_, { storage }) => {
      storage.sql.exec("DELETE FROM hook");
    });
    expect((await admin("GET", path(own))).json.hook.told).toBe(false);
    await (exports as unknown as { default: { scheduled(options: object): Promise<unknown> } }).default.scheduled({});
    expect((await admin("GET", path(own))).json.hook.told).toBe(true);
    expect(await store.forwarding()).toMatchObject({ sent: 0 });
    await admin("DELETE", path(own));
  });

  test.each([
    ["no URL", {}, /^url: /m],
    ["an address of our own network", { url: "http://169.254.169.254/latest" }, /its address is not a public one/],
    ["a name of one's own machine", { url: "http://localhost:8080/" }, /its name is not a public one/],
    ["ourselves", { url: "http://edgewhisk.test/api/v1" }, /it is this platform itself/],
    ["a password in the URL", { url: "https://a:b@sink.example/" }, /holds a name or a password/],
    ["another scheme", { url: "ftp://sink.example/" }, /neither http nor https/],
    ["a short secret", { url: "https://sink.example/", secret: "short" }, /at least 16 characters/],
    ["a header of two lines", { url: "https://sink.example/", authorization: "a\nb" }, /printable ASCII/],
    ["an unknown format", { url: "https://sink.example/", format: "csv" }, /^format: /m],
    ["an index for nobody", { url: "https://sink.example/", index: "runs" }, /is of no use where format is ndjson/],
    ["no address of _bulk", { url: "https://sink.example/", format: "elasticsearch" }, /must end in \/_bulk/],
    ["an unknown field", { url: "https://sink.example/", key: "x" }, /"key"/],
  ])("with %s is refused, and nothing is set", async (_, body, text) => {
    const answer = await admin("PUT", path(home), body);
    expect([answer.status, answer.json.error]).toEqual([400, expect.stringMatching(text)]);
    expect((await admin("GET", path(home))).json.hook).toBeNull();
  });

  test("of a namespace that is not there is not found", async () => {
    expect((await admin("PUT", "/namespaces/nobody-here/forwarding", { url: "https://sink.example/" })).status).toBe(
      404,
    );
    expect((await admin("PATCH", path(home), {})).status).toBe(405);
  });
});

describe("to where user events are sent", () => {
  const ownPath = "/events";

  test("says its owner or the administrator, and its objects know of it", async () => {
    const own = await newHome();
    const path = `/namespaces/${own.name}/events`;
    const mine = (method: string, body?: object) => own.client.call(method, ownPath, body);
    expect((await mine("GET")).json).toEqual({ namespace: own.name, hook: null });
    const set = await mine("PUT", { url: "https://sink.example/e", secret: "a secret of the owner" });
    expect([set.status, set.json.secret, set.json.hook.format]).toEqual([200, undefined, "ndjson"]);
    expect((await admin("GET", path)).json).toMatchObject({ hook: { url: "https://sink.example/e", told: true } });
    // Of records nothing was said.
    expect((await admin("GET", `/namespaces/${own.name}/forwarding`)).json.hook).toBeNull();
    const store = testEnv().ACTIVATIONS.getByName(`${own.id}:02`) as unknown as ActivationStoreRpc;
    expect([await store.forwarding(), await store.forwarding("events")]).toEqual([null, expect.anything()]);
    const limit = { metricName: "TimedRateLimit", metricValue: 1, subject: "s", namespace: own.name, at: 1 } as const;
    expect(await store.limitEvents([limit], 2)).toBe(true);
    expect((await mine("GET")).json.state).toMatchObject({ waiting: 1, dropped: { total: 2, backlog: 2 } });
    const gone = await admin("DELETE", path);
    expect([gone.status, gone.json.hook]).toEqual([200, null]);
    expect(await store.limitEvents([limit], 0)).toBe(false);
    expect((await mine("DELETE")).status).toBe(404);
    const lines = (await admin("GET", `/audit?namespace=${own.name}`)).json.items as {
      act: string;
      via: string;
      result: string;
    }[];
    expect(
      lines.filter(({ act }) => act.startsWith("events.")).map(({ act, via, result }) => `${act} ${via} ${result}`),
    ).toEqual([...["events.delete key refused", "events.delete admin done", "events.set key done"]]);
  });

  test.each([
    ["nothing", {}, /^url: /m],
    ["an address of our own network", { url: "http://10.0.0.1/" }, /its address is not a public one/],
    ["ourselves", { url: "https://edgewhisk.test/api/v1" }, /it is this platform itself/],
    ["a form that it has not", { url: "https://sink.example/", format: "elasticsearch" }, /"format"/],
    ["a short secret", { url: "https://sink.example/", secret: "short" }, /at least 16 characters/],
    ["a header of two lines", { url: "https://sink.example/", authorization: "a\r\nb: c" }, /printable ASCII/],
  ])("with %s is refused, and nothing is set", async (_, body, text) => {
    const answer = await home.client.call("PUT", ownPath, body);
    expect([answer.status, answer.json.error]).toEqual([400, expect.stringMatching(text)]);
    expect((await home.client.call("GET", ownPath)).json.hook).toBeNull();
  });

  test("is nobody else's business", async () => {
    const other = await newHome();
    const headers = { Authorization: `Basic ${btoa(other.client.key)}` };
    for (const method of ["GET", "PUT", "DELETE"]) {
      expect((await send(`/api/v1/namespaces/${home.name}/events`, { method, headers })).status, method).toBe(403);
    }
    expect((await home.client.call("POST", ownPath, {})).status).toBe(405);
    expect((await admin("PUT", "/namespaces/nobody-here/events", { url: "https://sink.example/" })).status).toBe(404);
  });
});
