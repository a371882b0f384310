// Records as the administrator sees them: where one is, how many there are, how long they are kept.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { Segments } from "../../../durable-objects/activations/segments.ts";
import { recordOf } from "../../../src/entities/activation.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import { type KeptRecord, keptOf } from "../../../src/entities/kept-record.ts";
import { storeNameOf } from "../../../src/protocol/names.ts";
import type { ActivationStoreRpc } from "../../../src/protocol/rpc.ts";
import { BLOB_GRACE_MS, sweepBlobs } from "../../../src/records/unowned-blobs.ts";
import { servicesOf } from "../../../src/services/services.ts";
import { openRecordSegments, openRecordTable } from "../../../src/storage/open.ts";
import { completed, metaOf } from "../../durable-objects/calls.ts";
import { completion, invocation, testEnv } from "../../durable-objects/host.worker.ts";
import { waitFor } from "../../support/wait-for.ts";
import { admin, type Client, newClient } from "../platform.worker.ts";

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

/** An activation that has ended, as if a host had run it. */
async function ended({ id: namespaceId, name: namespace }: Home): Promise<string> {
  const call = invocation({ about: { namespaceId, namespace } });
  const store = testEnv().ACTIVATIONS.getByName(storeNameOf(call)) as unknown as ActivationStoreRpc;
  const word = {
    id: call.id,
    attempt: 1,
    lease: { epoch: 1, counter: 1 },
    about: call.about,
    completion: completion(),
  };
  await store.complete([word], { scheduler: "host/0", epoch: 1 });
  return call.id;
}

beforeAll(async () => {
  home = await newHome();
});

describe("where a record is", () => {
  test("is told with its object, whether its namespace is named or not", async () => {
    const id = await ended(home);
    for (const query of ["", `?namespace=${home.name}`]) {
      const { status, json } = await admin("GET", `/activations/${id}/location${query}`);
      expect(status).toBe(200);
      expect(json).toMatchObject({
        ...{ id, mode: "d1", namespace: { name: home.name, id: home.id } },
        object: { name: expect.stringMatching(`^${home.id}:0[0-3]$`), state: "here" },
        copies: [
          { in: "object", state: "whole" },
          { in: "d1", binding: "RECORDS_0", table: "records", state: "waiting" },
        ],
        ...{ result: { in: "record" }, logs: { in: "record" } },
      });
    }
  });

  test("of another namespace's, or of an unknown id, is a 404 that says what was looked through", async () => {
    const other = await newHome();
    const id = await ended(other);
    const foreign = await admin("GET", `/activations/${id}/location?namespace=${home.name}`);
    expect([foreign.status, foreign.json.searched]).toEqual([
      404,
      { databases: ["RECORDS_0"], objects: 1, namespaces: 1, more: false },
    ]);
    const unknown = await admin("GET", `/activations/${id.slice(0, 14)}${"0".repeat(18)}/location`);
    expect(unknown.status).toBe(404);
    expect(unknown.json.searched.namespaces).toBeGreaterThan(1);
    expect(unknown.json.error).toMatch(
      /^No record of activation [0-9a-f]{32}\. Looked through: the databases of records RECORDS_0; /,
    );
  });

  test.each([
    ["no id", "xyz", "", 400, /^'xyz' is no activation id/],
    ["capitals", "A".repeat(32), "", 400, /is no activation id/],
    ["another shard", `${"0".repeat(12)}ff${"0".repeat(18)}`, "", 404, /names shard 255, and there are 4/],
    ["a namespace that cannot be", "0".repeat(32), "?namespace=a%2Fb", 400, /'a\/b' is not the name of a namespace/],
    ["an unknown namespace", "0".repeat(32), "?namespace=nobody-here", 404, /'nobody-here' does not exist/],
  ])("with %s is refused in a sentence", async (_, id, query, status, text) => {
    const answer = await admin("GET", `/activations/${id}/location${query}`);
    expect([answer.status, answer.json.error]).toEqual([status, expect.stringMatching(text)]);
  });
});

describe("older records", () => {
  test("come from a segment to the table when that is ordered, and are found throughout", async () => {
    const own = await newHome();
    const call = invocation({ about: { namespaceId: own.id, namespace: own.name } });
    const store = testEnv().ACTIVATIONS.getByName(storeNameOf(call));
    const record = { ...recordOf(call.id, call.about, { completion: completion(), now: Date.now() }) };
    const kept = keptOf({ ...record, start: record.start - 60_000 }, record.name);
    const key = `records/${own.id}/${call.id}`;
    const { entries } = await openRecordSegments(testEnv()).put(key, [kept]);
    await runInDurableObject(store, (_, { storage }) =>
      new Segments(storage.sql).add(key, entries, { bytes: 1, twin: "none", since: 0 }),
    );
    const home = (status: { items: { namespace: string; state: string }[] }) =>
      status.items.find((each) => each.namespace === own.name);
    expect(home((await admin("GET", "/records/move")).json)).toMatchObject({ state: "none" });
    expect(home((await admin("POST", "/records/move", { to: "d1" })).json)).toMatchObject({
      state: "moving",
      moved: 0,
    });
    await waitFor(async () => {
      await runDurableObjectAlarm(store);
      expect((await store.get(call.id)).record?.activationId).toBe(call.id);
      const { json } = await admin("GET", "/records/move");
      expect(home(json)).toMatchObject({ state: "done", moved: 1, damaged: 0 });
    });
    const { json } = await admin("GET", `/activations/${call.id}/location`);
    expect(json.copies).toMatchObject([{ in: "d1", state: "whole" }]);
  });

  test("lie in databases whose fill is told", async () => {
    const { json } = await admin("GET", "/records");
    const database = {
      binding: "RECORDS_0",
      state: "well",
      bytes: expect.any(Number),
      bound: 10_000_000_000,
      pruned: 0,
    };
    expect(json).toMatchObject({ mode: "d1", databases: [database], blobs: { unknown: 0, fault: null } });
    expect((await admin("POST", "/records", {})).status).toBe(405);
  });

  test("are moved to nowhere but where the mode in force has them", async () => {
    const refused = await admin("POST", "/records/move", { to: "r2" });
    expect([refused.status, refused.json.error]).toEqual([400, expect.stringContaining("The mode in force is d1")]);
    expect((await admin("POST", "/records/move", { to: "s3" })).status).toBe(400);
    expect((await admin("DELETE", "/records/move")).status).toBe(405);
  });
});

describe("blobs of activations", () => {
  test("that nobody names go once they are old; what a record, a row or a run names, and what is nobody knows whose, stays", async () => {
    const services = servicesOf(testEnv());
    if (!services.ok) throw new Error(services.text);
    const { blobs } = services.value.stores;
    const owner = { namespaceId: home.id };
    const { kept, key } = rowAt(home, Date.now() - 5_000);
    await openRecordTable(testEnv()).put(home.id, [kept]);
    const waiting = invocation({ about: { namespaceId: home.id, namespace: home.name } });
    const args = `args/${home.id}/${waiting.id}`;
    const store = testEnv().ACTIVATIONS.getByName(storeNameOf(waiting)) as unknown as ActivationStoreRpc;
    await store.accept([{ ...waiting, args: { blob: args, size: 2 } }], { candidates: [] });
    const id = newActivationId(Date.now() - 1_000, 0);
    const orphans = [`args/${home.id}/${id}`, `logs/${id}/1`, `results/${id}/2`, `steps/${home.id}/${id}/1-state`];
    const another = key.replace("/1", "/2");
    for (const each of [key, args, another, ...orphans]) await blobs.put(each, "{}", owner);
    await blobs.putOnce(`results/${id}/1`, "{}", owner);
    const unknown = `results/${newActivationId(Date.now(), 0)}/1`;
    await blobs.put(unknown, "{}");
    const passes = async (now: number) => {
      const before = (await admin("GET", "/records")).json.blobs;
      await testEnv().DB.prepare("DELETE FROM deployment WHERE name = 'blob-sweep'").run();
      const ports = { ...services.value.sweeping(), now: () => now };
      for (let turn = 0; turn < 5; turn++) await sweepBlobs(ports);
      return { before, after: (await admin("GET", "/records")).json.blobs };
    };
    expect((await passes(Date.now() + BLOB_GRACE_MS - 60_000)).after).toMatchObject({
      passes: 1,
      swept: 0,
      fault: null,
    });
    const { after } = await passes(Date.now() + BLOB_GRACE_MS + 60_000);
    expect(after).toMatchObject({ passes: 1, fault: null });
    expect([after.swept, after.bytes, after.unknown]).toEqual([
      expect.any(Number),
      2 * after.swept,
      expect.any(Number),
    ]);
    expect(after.swept).toBeGreaterThanOrEqual(6);
    expect(after.unknown).toBeGreaterThanOrEqual(1);
    const there = async (key: string) => (await blobs.text(key)) !== null;
    expect(await Promise.all([key, args, unknown].map(there))).toEqual([true, true, true]);
    expect(await Promise.all([...orphans, another, `results/${id}/1`].map(there))).toEqual(Array(6).fill(false));
  });
});

describe("how long records are kept", () => {
  const count = async ({ client }: Home) => (await client.call("GET", "/activations?count=true")).json.activations;

  test("is what was set, else the default: too many records go at once, the oldest first, rows and blobs with them", async () => {
    const own = await newHome();
    const rows = Array.from({ length: 20 }, (_, at) => rowAt(own, 1_700_000_000_000 + at * 1_000));
    await openRecordTable(testEnv()).put(
      own.id,
      rows.map((each) => each.kept),
    );
    for (const { key } of rows) await testEnv().BLOBS.put(key, "{}");
    const ids = [await ended(own), await ended(own)];
    expect(await count(own)).toBe(22);
    const path = `/namespaces/${own.name}`;
    expect((await admin("GET", `${path}/retention`)).json).toEqual({
      namespace: own.name,
      bounds: {
        ...{ maxAge: { value: null, from: "none" }, maxRecords: { value: null, from: "none" } },
        maxBytes: { value: null, from: "none" },
      },
      keptFrom: null,
    });
    const usage = (await admin("GET", `${path}/usage`)).json;
    expect(usage).toMatchObject({
      ...{ namespace: own.name, total: { records: 22 }, object: { records: 2 } },
      ...{ d1: { binding: "RECORDS_0", records: 20 }, r2: { records: 0, bytes: 0 } },
    });
    expect(usage.d1.bytes).toBeGreaterThan(20 * 70_000);
    const set = await admin("PUT", `${path}/retention`, { maxRecords: 7 });
    expect([set.status, set.json.bounds.maxRecords]).toEqual([200, { value: 7, from: "namespace" }]);
    await expect.poll(() => count(own)).toBe(7);
    const listed = (await own.client.call("GET", "/activations?limit=200")).json;
    const wanted = [
      ...ids.toReversed(),
      ...rows
        .slice(15)
        .map((each) => each.kept.id)
        .toReversed(),
    ];
    expect(listed.map((each: { activationId: string }) => each.activationId).toSorted()).toEqual(wanted.toSorted());
    const rest = () => admin("GET", `${path}/usage`).then(({ json }) => json.d1.records);
    await expect.poll(rest).toBe(5);
    const blobs = await Promise.all(rows.map(async ({ key }) => (await testEnv().BLOBS.head(key)) !== null));
    expect(blobs).toEqual(rows.map((_, at) => at >= 15));
    expect((await own.client.call("GET", `/activations/${rows[0]?.kept.id}`)).status).toBe(404);
    expect((await own.client.call("GET", `/activations/${rows[19]?.kept.id}`)).status).toBe(200);
    expect((await admin("GET", `${path}/retention`)).json.keptFrom).toBe(rows[14]!.kept.start + 1);
    expect((await admin("DELETE", `${path}/retention`)).json.bounds.maxRecords).toEqual({ value: null, from: "none" });
    expect(await count(own)).toBe(7);
  });

  test.each([
    ["a negative age", { maxAge: -5 }, /^maxAge: /m],
    ["no number", { maxRecords: "7" }, /^maxRecords: /m],
    ["more than can be", { maxBytes: 1e300 }, /^maxBytes: /m],
    ["an unknown field", { days: 7 }, /"days"/],
    ["no object", [1], /Object expected/],
  ])("with %s is refused, and nothing is changed", async (_, body, text) => {
    const answer = await admin("PUT", `/namespaces/${home.name}/retention`, body);
    expect([answer.status, answer.json.error]).toEqual([400, expect.stringMatching(text)]);
    expect((await admin("GET", `/namespaces/${home.name}/retention`)).json.keptFrom).toBeNull();
  });

  test("that was set before somebody got a key to a well-known namespace holds, until it is set anew", async () => {
    const bound = async () => (await admin("GET", "/namespaces/whisk.system/retention")).json.bounds.maxRecords;
    await admin("PUT", "/namespaces/whisk.system/retention", { maxRecords: 50 });
    const made = await admin("POST", "/identities", { subject: "keeper", namespace: "whisk.system" });
    expect(made.status).toBe(200);
    expect(await bound()).toEqual({ value: 50, from: "namespace" });
    await admin("PUT", "/namespaces/whisk.system/retention", { maxRecords: 40 });
    expect(await bound()).toEqual({ value: 40, from: "namespace" });
    await admin("DELETE", "/namespaces/whisk.system/retention");
    expect(await bound()).toEqual({ value: null, from: "none" });
  });

  test("is not known where a place does not answer, which is a 503 that says so", async () => {
    const own = await newHome();
    await testEnv().RECORDS_0.exec("ALTER TABLE records RENAME TO elsewhere");
    try {
      const { status, json } = await admin("GET", `/namespaces/${own.name}/usage`);
      expect([status, json.error]).toEqual([
        503,
        `The platform cannot store or read what it must: a place of the records of ${own.name} does not answer.`,
      ]);
    } finally {
      await testEnv().RECORDS_0.exec("ALTER TABLE elsewhere RENAME TO records");
    }
  });

  test.each(["retention", "usage"])("of a namespace that is not there is not found: %s", async (what) => {
    expect((await admin("GET", `/namespaces/nobody-here/${what}`)).status).toBe(404);
    expect((await admin("GET", `/namespaces/%20bad/${what}`)).status).toBe(400);
    expect((await admin("PATCH", `/namespaces/${home.name}/${what}`, {})).status).toBe(405);
  });
});

/** A row of the table, with its result in the blob store. */
function rowAt({ name: namespace, id: namespaceId }: Home, start: number): { kept: KeptRecord; key: string } {
  const id = newActivationId(start, 0);
  const key = `results/${id}/1`;
  const about = metaOf({ namespace, namespaceId });
  const completion = { ...completed(), result: { blob: key, size: 70_000 } };
  return { kept: keptOf(recordOf(id, about, { completion, now: start + 3 }), "hello"), key };
}
