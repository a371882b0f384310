// Rows of an SQLite file and files of a folder as feeds, on one machine, with real files. Beyond OpenWhisk,
// through its feeds.

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished } from "vitest";
import { admin, ask, feedFiles, fresh, key, type Loose, line, make, namespace, useApi } from "./suite.ts";

await useApi();

/** The feeds are called as these lines say; the rest is beyond them. */
const LINES = "6.01 6.02";

/** A case for this platform alone. */
function source(title: string, run: (folder: string) => Promise<void>): void {
  line(LINES, title, () => run(feedFiles()), { needs: "files" });
}

type Kind = "database" | "objectstore" | "queue";

/** As the command line asks a feed. */
function feed(kind: Kind, event: string, trigger: string, params: object = {}, which: 1 | 2 = 1): Promise<Loose> {
  const body = { ...params, lifecycleEvent: event, triggerName: `/_/${trigger}`, authKey: key(which) };
  const path = `/api/v1/namespaces/whisk.system/actions/${kind}/${kind}?blocking=true&result=false`;
  return ask("POST", path, { body, key: key(which) }).then(({ json }) => json.response.result);
}

const grant = (name: string, which: 1 | 2 = 1) => admin("PUT", `sources/${name}/grants/${namespace(which)}`, {});
const revoke = (name: string, which: 1 | 2 = 1) => admin("DELETE", `sources/${name}/grants/${namespace(which)}`, {});

async function triggerOf(kind: Kind): Promise<string> {
  const trigger = fresh("source");
  await make(`triggers/${trigger}`, { annotations: [{ key: "feed", value: `/whisk.system/${kind}/${kind}` }] });
  await make(`rules/${trigger}-rule`, { trigger: `/_/${trigger}`, action: "/whisk.system/utils/echo" });
  onTestFinished(async () => {
    await feed(kind, "DELETE", trigger);
  });
  return trigger;
}

async function fired(trigger: string): Promise<Loose[]> {
  const { json } = await ask("GET", `activations?name=${trigger}&docs=true&limit=200`);
  return json.map((each: Loose) => each.response.result);
}

const status = async (kind: Kind, trigger: string) => (await feed(kind, "READ", trigger)).status;

source("rows of a table fire once each, and a feed that was away goes on where it was", async (folder) => {
  const table = fresh("t").replaceAll("-", "_");
  const shop = new DatabaseSync(join(folder, "shop.sqlite"), { timeout: 10_000 });
  onTestFinished(() => shop.close());
  shop.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, note TEXT); INSERT INTO ${table} VALUES (1, 'before')`);
  const trigger = await triggerOf("database");
  const about = { database: "SHOP", table, cursor: "id", interval: 10 };
  expect((await feed("database", "CREATE", trigger, about)).error).toContain("edgewhisk source grant d1 SHOP");
  await grant("d1/SHOP");
  expect((await feed("database", "CREATE", trigger, { ...about, cursor: "note" })).error).toContain(
    "need not be unique",
  );
  expect(await feed("database", "CREATE", trigger, about)).toEqual({ status: "success" });
  shop.exec(`INSERT INTO ${table} VALUES (9007199254740993, 'large'), (3, 'x')`);
  // At its next look: nobody tells it to.
  await expect.poll(() => status("database", trigger)).toMatchObject({ active: true, fired: 2, waiting: 0 });
  await expect.poll(async () => (await fired(trigger)).map(({ row }) => row.note).toSorted()).toEqual(["large", "x"]);
  expect(await feed("database", "PAUSE", trigger)).toEqual({ status: "success" });
  expect(await status("database", trigger)).toMatchObject({ active: false, reason: "it was paused by its owner" });
  shop.exec(`INSERT INTO ${table} VALUES (9007199254740994, 'paused')`);
  await revoke("d1/SHOP");
  await feed("database", "UNPAUSE", trigger);
  await expect.poll(() => status("database", trigger)).toMatchObject({ active: false, lastError: expect.anything() });
  expect((await status("database", trigger)).reason).toContain("may not read 'SHOP'");
  await grant("d1/SHOP");
  await feed("database", "UPDATE", trigger, { interval: 20 });
  await expect.poll(async () => (await fired(trigger)).length).toBe(3);
  expect(await feed("database", "DELETE", trigger)).toEqual({ status: "success" });
  expect((await feed("database", "READ", trigger)).error).toContain("has no such feed");
});

source("files of a folder fire once for each that comes, changes or goes", async (folder) => {
  const under = fresh("in");
  const place = join(folder, "uploads", under);
  mkdirSync(place);
  writeFileSync(join(place, "old.txt"), "1");
  const trigger = await triggerOf("objectstore");
  await grant("r2/UPLOADS");
  const about = { bucket: "UPLOADS", prefix: `${under}/`, suffix: ".txt", interval: 10 };
  expect(await feed("objectstore", "CREATE", trigger, about)).toEqual({ status: "success" });
  await expect.poll(() => status("objectstore", trigger)).toMatchObject({ known: 1, fired: 0 });
  writeFileSync(join(place, "part"), "new");
  renameSync(join(place, "part"), join(place, "new.txt"));
  writeFileSync(join(place, "old.txt"), "other");
  await feed("objectstore", "UPDATE", trigger, { interval: 20 });
  await expect.poll(() => status("objectstore", trigger)).toMatchObject({ known: 2, fired: 2, waiting: 0 });
  rmSync(join(place, "old.txt"));
  await feed("objectstore", "UPDATE", trigger, { interval: 30 });
  await expect
    .poll(async () => (await fired(trigger)).map(({ event, key: path }) => `${event} ${path}`).toSorted())
    .toEqual([`created ${under}/new.txt`, `created ${under}/old.txt`, `deleted ${under}/old.txt`]);
});

source("nobody reads what was not granted to his namespace, and nothing else has a name", async () => {
  const trigger = await triggerOf("database");
  await grant("d1/SHOP");
  const about = { database: "SHOP", table: "sqlite_master", cursor: "name" };
  expect((await feed("database", "CREATE", trigger, about)).error).toBe("The database has no table 'sqlite_master'.");
  for (const database of ["DB", "RECORDS_0", "BLOBS"]) {
    expect((await feed("database", "CREATE", trigger, { ...about, database })).error).toContain(
      `may not read '${database}'`,
    );
    expect((await admin("PUT", `sources/d1/${database}/grants/${namespace(1)}`, {})).status).toBe(400);
  }
  await ask("PUT", `triggers/${trigger}`, { body: {}, key: key(2) });
  expect((await feed("database", "CREATE", trigger, about, 2)).error).toContain("may not read 'SHOP'");
  expect((await feed("database", "READ", trigger, {}, 2)).error).toContain("has no such feed");
  expect((await feed("queue", "CREATE", trigger, { queue: "orders" })).error).toContain("may not read 'orders'");
  for (const [params, name] of [
    [{ database: "SHOP", table: "t" }, "cursor"],
    [{ ...about, interval: 1 }, "interval"],
    [{ ...about, database: { a: 1 } }, "database"],
    [{ ...about, columns: "id" }, "columns"],
  ] as const) {
    expect((await feed("database", "CREATE", trigger, params)).error).toContain(`'${name}'`);
  }
});
