// A namespace is deleted with all that is in it: keys at once, then entities, objects and records,
// and what still ran at last.

import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { ContentsAnswer, DeletionAnswer } from "../../../src/entities/administration.ts";
import { METRICS_NAME, type MetricsRpc } from "../../../src/protocol/metrics.ts";
import { FakeHost, ran } from "../../support/fake-host.worker.ts";
import { admin, clientOf } from "../platform.worker.ts";

const { DB, RECORDS_0, BLOBS, METRICS } = env as unknown as {
  DB: D1Database;
  RECORDS_0: D1Database;
  BLOBS: R2Bucket;
  METRICS: DurableObjectNamespace;
};

async function count(database: D1Database, text: string, ...values: string[]): Promise<number> {
  const row = await database
    .prepare(text)
    .bind(...values)
    .first<{ n: number }>();
  return row?.n ?? -1;
}

const stage = async () => DeletionAnswer.parse((await admin("GET", "/namespaces/doomed/deletion")).json).stage;

/** What a record is so large with that it is handed over at once. */
const LARGE = "x".repeat(60_000);

/** As once a minute. */
async function tick(): Promise<void> {
  await (exports as unknown as { default: { scheduled(options: object): Promise<unknown> } }).default.scheduled({});
}

test("a namespace goes with all that is in it, what runs meanwhile goes at last, and its name is free", async () => {
  const { json: made } = await admin("POST", "/identities", { subject: "doomed" });
  const { json: other } = await admin("POST", "/identities", { subject: "survivor" });
  const [mine, theirs] = [clientOf("doomed", made.key), clientOf("survivor", other.key)];
  await FakeHost.dial({
    name: "runs",
    memory: 4_096,
    answer: () => ran(`{"fine":"${LARGE}"}`, { logs: { inline: JSON.stringify([LARGE]) } }),
  });
  for (const client of [mine, theirs]) {
    const body = { exec: { kind: "nodejs:20", code: "function main() {}" } };
    await expect.poll(async () => (await client.call("PUT", "/actions/works", body)).status).toBe(200);
    await client.call("PUT", "/triggers/fires", {});
    for (let n = 0; n < 3; n++)
      expect((await client.call("POST", "/actions/works?blocking=true", {})).status).toBe(200);
  }
  const { id } = (await admin("GET", "/namespaces/doomed")).json;
  const { id: otherId } = (await admin("GET", "/namespaces/survivor")).json;
  const inTable = (namespaceId: string) =>
    count(RECORDS_0, "SELECT count(*) AS n FROM records WHERE namespace_id = ?", namespaceId);
  await expect.poll(async () => [await inTable(id), await inTable(otherId)]).toEqual([3, 3]);
  // One whose result lies beside it, as those of more than 64 KB do.
  const [newest] = (await mine.call("GET", "/activations?limit=1")).json;
  const beside = `results/${newest.activationId}/1`;
  await BLOBS.put(beside, "{}");
  await RECORDS_0.prepare("UPDATE records SET record = json_set(record, '$.result', json(?1)) WHERE id = ?2")
    .bind(JSON.stringify({ blob: beside, size: 2 }), newest.activationId)
    .run();
  const lateOne = await RECORDS_0.prepare("SELECT * FROM records WHERE namespace_id = ? LIMIT 1").bind(id).first();
  await DB.batch(
    [id, otherId].flatMap((each) => [
      DB.prepare("INSERT INTO secrets VALUES (?1 || 's', ?1, 'webhook', 'v', 'sealed', 1)").bind(each),
      DB.prepare("INSERT INTO webhooks VALUES (?1 || 'w', 'n', ?1, 'fires', '{}', 1, ?1 || 's', NULL, NULL)").bind(
        each,
      ),
      DB.prepare("INSERT INTO retention (namespace_id, due) VALUES (?, 9e15)").bind(each),
      DB.prepare("INSERT INTO webhook_addresses VALUES (?1 || 'a', ?1 || 'w', 1, NULL)").bind(each),
    ]),
  );
  const contents = ContentsAnswer.parse((await admin("GET", "/namespaces/doomed/contents")).json);
  expect(contents).toEqual({
    ...{ namespace: "doomed", keys: 1, records: 3, schedules: 0 },
    entities: { action: 1, trigger: 1 },
  });

  for (const body of [{}, { confirm: "survivor" }, { confirm: 1 }]) {
    expect((await admin("DELETE", "/namespaces/doomed", body)).status).toBe(400);
  }
  expect((await mine.call("GET", "/actions")).status).toBe(200);
  const metrics = METRICS.getByName(METRICS_NAME) as unknown as MetricsRpc;
  const refusals = (namespace: string) => ({
    ...{ family: "openwhisk_action_limit_timed_total", labels: [namespace], value: 1 },
  });
  await metrics.push({ source: "test", number: 1, changes: [refusals("doomed"), refusals("survivor")] });
  const begun = await admin("DELETE", "/namespaces/doomed", { confirm: "doomed" });
  expect([begun.status, DeletionAnswer.parse(begun.json)]).toMatchObject([200, { id, gone: { keys: 1 }, ended: null }]);
  // From that answer on.
  expect((await mine.call("GET", "/actions")).status).toBe(401);
  expect((await admin("POST", "/identities", { subject: "newcomer", namespace: "doomed" })).status).toBe(409);
  expect((await admin("DELETE", "/namespaces/doomed", { confirm: "doomed" })).status).toBe(409);
  for (const table of ["secrets", "webhooks", "webhook_addresses"]) {
    expect([table, await count(DB, `SELECT count(*) AS n FROM ${table}`)]).toEqual([table, 1]);
  }
  const refused = /^openwhisk_action_limit_timed_total\{namespace="(doomed|survivor)"\}/gm;
  const told = async () => {
    const text = await metrics.expose({ openMetrics: false, hosts: [] });
    return [...text.matchAll(refused)].map(([, namespace]) => namespace);
  };
  await expect.poll(told).toEqual(["survivor"]);
  await expect.poll(stage).toBe("late");
  expect(await count(DB, "SELECT count(*) AS n FROM entities WHERE namespace = 'doomed'")).toBe(0);
  expect(await inTable(id)).toBe(0);

  // What still ran comes to its end as nobody's.
  const columns = Object.keys(lateOne ?? {});
  await RECORDS_0.prepare(`INSERT INTO records (${columns}) VALUES (${columns.map(() => "?")})`)
    .bind(...Object.values(lateOne ?? {}))
    .run();
  expect(await inTable(id)).toBe(1);
  await tick();
  expect(await stage()).toBe("late");
  await DB.prepare("UPDATE deletions SET began = 1").run();
  await tick();
  const done = DeletionAnswer.parse((await admin("GET", "/namespaces/doomed/deletion")).json);
  expect(done).toMatchObject({ stage: "done", gone: { keys: 1, entities: 2, records: 4 } });
  expect(done.ended).toBeGreaterThan(1);
  expect(await count(DB, "SELECT count(*) AS n FROM retention")).toBe(1);
  expect(await inTable(id)).toBe(0);
  expect((await admin("GET", "/namespaces/doomed")).status).toBe(404);

  // Nobody else has lost anything, and whoever gets the name finds nothing.
  expect(await inTable(otherId)).toBe(3);
  expect((await theirs.call("GET", "/activations")).json).toHaveLength(3);
  expect((await theirs.call("GET", "/actions")).json).toHaveLength(1);
  expect(await BLOBS.head(beside)).toBeNull();
  const { json: again } = await admin("POST", "/identities", { subject: "newcomer", namespace: "doomed" });
  const heir = clientOf("doomed", again.key);
  expect((await heir.call("GET", "/activations")).json).toEqual([]);
  expect((await heir.call("GET", "/actions")).json).toEqual([]);
  expect((await admin("GET", "/namespaces/doomed")).json.id).not.toBe(id);
});

test("what is no namespace, or the platform's own, is not deleted", async () => {
  const remove = (name: string) => admin("DELETE", `/namespaces/${name}`, { confirm: name });
  expect((await remove("nowhere")).status).toBe(404);
  expect((await remove("whisk.system")).status).toBe(409);
  for (const path of ["contents", "deletion"]) {
    expect((await admin("GET", `/namespaces/nowhere/${path}`)).status).toBe(404);
  }
});
