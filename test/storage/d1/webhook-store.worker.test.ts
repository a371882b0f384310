// Webhooks in D1: found by the hashes of their addresses, with the secrets that are good,
// and nothing left of what goes.

import { beforeEach, describe, expect, test } from "vitest";
import type { SqlDatabase } from "../../../src/storage/d1/statement.ts";
import { D1WebhookStore } from "../../../src/storage/d1/webhook-store.ts";
import type { Webhook } from "../../../src/storage/webhook-store.ts";
import { testEnv, testSecret } from "../stores.worker.ts";

const NOW = 1_800_000_000_000;
const { DB } = testEnv();
const store = new D1WebhookStore(DB, testSecret());

beforeEach(async () => {
  await DB.batch(["webhook_addresses", "webhooks", "secrets"].map((table) => DB.prepare(`DELETE FROM ${table}`)));
});

const hook = (id: string, more: Partial<Webhook> = {}): Webhook => ({
  ...{ id, namespace: "guest", namespaceId: "n", trigger: "t", settings: `{"id":"${id}"}`, created: NOW, ...more },
});

function create(id: string, more: { hook?: Partial<Webhook>; secret?: string | null; max?: number } = {}) {
  const { secret = `secret of ${id}`, max = 10 } = more;
  return store.create(hook(id, more.hook), { address: `hash of ${id}`, secret, max });
}

function change(id: string, more: { address?: string; secret?: string; until?: number; now?: number } = {}) {
  return store.change(id, { settings: '{"changed":true}', until: NOW + 10, now: NOW, ...more });
}

async function count(table: "webhooks" | "webhook_addresses" | "secrets"): Promise<number> {
  return (await DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n")) ?? -1;
}

const counts = async () => [await count("webhooks"), await count("webhook_addresses"), await count("secrets")];
const secretsOf = async (hash: string) => (await store.byAddress(hash))?.secrets;
const addressesOf = async (trigger = "t") => (await store.byTrigger("n", trigger))?.addresses;

describe("a webhook", () => {
  test("is found by its address with its secret, and by its trigger with its addresses", async () => {
    expect(await create("a")).toBe(true);
    expect(await store.byAddress("hash of a")).toEqual({
      ...{ webhook: hook("a"), address: { until: null }, secrets: [{ text: "secret of a", until: null }] },
    });
    expect(await store.byTrigger("n", "t")).toEqual({
      ...{ webhook: hook("a"), addresses: [{ hash: "hash of a", created: NOW, until: null }] },
    });
    expect([
      await store.byAddress("nobody's"),
      await store.byTrigger("n", "u"),
      await store.byTrigger("m", "t"),
    ]).toEqual([...[null, null, null]]);
  });

  test("without a secret has none; one that is kept is sealed", async () => {
    await create("a", { secret: null });
    expect([await secretsOf("hash of a"), await count("secrets")]).toEqual([[], 0]);
    await create("b");
    const { results } = await DB.prepare("SELECT * FROM secrets").all();
    expect(results.length).toBe(1);
    expect(JSON.stringify(results)).not.toContain("secret of b");
  });

  test("takes the place of its trigger's before, which leaves nothing; another trigger's stays", async () => {
    await create("a");
    await create("b", { hook: { trigger: "u" } });
    await change("a", { address: "second", secret: "another one" });
    await create("c");
    expect([await store.byAddress("hash of a"), await store.byAddress("second")]).toEqual([null, null]);
    expect((await store.byTrigger("n", "t"))?.webhook.id).toBe("c");
    expect(await secretsOf("hash of b")).toEqual([{ text: "secret of b", until: null }]);
    expect(await counts()).toEqual([2, 2, 2]);
  });

  test("is one of so many of its namespace; one that finds no room leaves nothing", async () => {
    await create("a", { max: 1 });
    expect(await create("b", { hook: { trigger: "u" }, max: 1 })).toBe(false);
    expect([await store.byTrigger("n", "u"), await counts()]).toEqual([null, [1, 1, 1]]);
    expect(await create("c", { max: 1 })).toBe(true);
    expect(await create("d", { hook: { namespaceId: "m" }, max: 1 })).toBe(true);
  });

  test("goes with all that is its own, once", async () => {
    await create("a");
    await create("b", { hook: { trigger: "u" } });
    await change("a", { address: "second", secret: "another one" });
    expect([await store.remove("n", "t"), await store.remove("n", "t"), await store.remove("m", "u")]).toEqual([
      ...[true, false, false],
    ]);
    expect(await counts()).toEqual([1, 1, 1]);
  });
});

describe("a change", () => {
  beforeEach(() => create("a"));

  test("of settings alone leaves address and secret as they are", async () => {
    expect(await change("a")).toBe(true);
    expect(await store.byAddress("hash of a")).toMatchObject({
      ...{
        webhook: { settings: '{"changed":true}' },
        address: { until: null },
        secrets: [{ text: "secret of a", until: null }],
      },
    });
  });

  test("gives another address, and ends the one before; none lasts longer than it would have", async () => {
    await change("a", { address: "second", until: NOW + 10 });
    await change("a", { address: "third", until: NOW + 100, now: NOW + 1 });
    const untilOf = async () => (await addressesOf())?.map(({ hash, until }) => [hash, until]);
    expect(await untilOf()).toEqual([
      ["hash of a", NOW + 10],
      ["second", NOW + 100],
      ["third", null],
    ]);
    await change("a", { address: "fourth", until: NOW + 5, now: NOW + 2 });
    expect((await untilOf())?.map(([, until]) => until)).toEqual([NOW + 5, NOW + 5, NOW + 5, null]);
    expect((await store.byAddress("second"))?.address).toEqual({ until: NOW + 5 });
  });

  test("takes away addresses whose time is over", async () => {
    await change("a", { address: "second", until: NOW + 10 });
    await change("a", { now: NOW + 9 });
    expect((await addressesOf())?.length).toBe(2);
    await change("a", { now: NOW + 10 });
    expect((await addressesOf())?.map(({ hash }) => hash)).toEqual(["second"]);
  });

  test("gives another secret; the one before is good until then, and the one before that goes", async () => {
    await change("a", { secret: "second one", until: NOW + 10 });
    expect(await secretsOf("hash of a")).toEqual([
      { text: "second one", until: null },
      { text: "secret of a", until: NOW + 10 },
    ]);
    await change("a", { secret: "third one", until: NOW + 20 });
    expect(await secretsOf("hash of a")).toEqual([
      { text: "third one", until: null },
      { text: "second one", until: NOW + 20 },
    ]);
    expect(await count("secrets")).toBe(2);
  });

  test("of what is gone is none, and leaves nothing, also where it goes in between", async () => {
    expect([await change("nobody's", { secret: "s", address: "h" }), await counts()]).toEqual([false, [1, 1, 1]]);
    const late: SqlDatabase = {
      prepare: (text) => DB.prepare(text),
      batch: async (statements) => {
        await store.remove("n", "t");
        return DB.batch(statements);
      },
    };
    const settings = { settings: "{}", secret: "left over", address: "left over", until: NOW, now: NOW };
    expect(await new D1WebhookStore(late, testSecret()).change("a", settings)).toBe(false);
    expect(await counts()).toEqual([0, 0, 0]);
  });
});
