// Records of a platform that stands still, made by a generator right into its database.

import { createHash, createHmac } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { Segments } from "../../durable-objects/activations/segments.ts";
import type { Sql } from "../../durable-objects/shared/schema.ts";
import { newActivationId, shardOf } from "../../src/entities/activation-id.ts";
import {
  ACTIVATION_STORE_CHOICES,
  type ActivationStoreMode,
  activationStoreModeOf,
} from "../../src/entities/activation-store-mode.ts";
import { checksumOf } from "../../src/entities/checksum.ts";
import type { KeptRecord } from "../../src/entities/kept-record.ts";
import { encodeSegment } from "../../src/storage/records/segment.ts";
import { basic, GUEST, startPlatform } from "../support/platform.ts";

/** Names of actions, which the records have by turns, and stores of activations: no divisor in common, so that each
 * store has them all, and of a thousand records each name has more than a page of a list. */
export const NAMES = 25;
const SHARDS = 4;
/** How far the records of a state folder have come. */
const MARK = "filled.json";
const BATCH = 10_000;
/** Some 1 MB of them. */
const SEGMENT_RECORDS = 1_250;
/** Of the guest; its key says it. */
const [namespaceId = ""] = GUEST.split(":");

/** What `--mode` says. */
export function modeOf(text: string): ActivationStoreMode {
  const known = activationStoreModeOf(text);
  if (known === undefined) throw new Error(`--mode is ${ACTIVATION_STORE_CHOICES}`);
  return known;
}

/** The database below this state folder that has this table. */
export function open(state: string, table: string): DatabaseSync {
  const folder = join(state, "v3/d1/miniflare-D1DatabaseObject");
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".sqlite") && each !== "metadata.sqlite")) {
    const database = new DatabaseSync(join(folder, name));
    const found = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
    if (found !== undefined) return database;
    database.close();
  }
  throw new Error(`no database has the table ${table}`);
}

/** Records of the last thirty days, in the order of their time, where this mode has them. A state folder takes those of
 * one mode, and goes on where it was. Returns how many there are at `end` (as `performance.now` tells it). */
export async function fill(
  state: string,
  count: number,
  { mode = "d1", end = Number.POSITIVE_INFINITY }: { mode?: ActivationStoreMode; end?: number } = {},
): Promise<number> {
  const mark = join(state, MARK);
  const fresh = { from: Date.now() - 30 * 86_400_000 - 3_600_000, done: 0 };
  const filled = existsSync(mark) ? (JSON.parse(readFileSync(mark, "utf8")) as typeof fresh) : fresh;
  const shelves = mode === "r2" ? undefined : openTable(state);
  const segments = mode === "d1" ? undefined : await openSegments(state, mode);
  while (filled.done < count && performance.now() < end) {
    const records = Array.from({ length: Math.min(count - filled.done, BATCH) }, (_, nth): Made => {
      const at = filled.done + nth;
      const start = filled.from + Math.floor((at / count) * 30 * 86_400_000);
      const id = newActivationId(start, at % SHARDS);
      return { id, name: `action${at % NAMES}`, start, statusCode: at % 100 === 0 ? 1 : 0 };
    });
    shelves?.put(records);
    await segments?.put(records);
    filled.done += records.length;
    writeFileSync(mark, JSON.stringify(filled));
  }
  shelves?.close();
  await segments?.close();
  console.error(`made ${filled.done} records (${mode})`);
  return filled.done;
}

function openTable(state: string) {
  const database = open(state, "records");
  const insert = database.prepare(
    `INSERT INTO records (id, namespace_id, list_name, start, ended, duration, namespace, subject, kind, cause, status_code,
      checksum, record) VALUES (?, ?, ?, ?, ?, ?, 'guest', 'guest', 'nodejs:20', NULL, ?, ?, ?)`,
  );
  database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000");
  return {
    put(records: readonly Made[]) {
      database.exec("BEGIN");
      for (const each of records) {
        const { id, name, start, statusCode } = each;
        const text = recordText(each);
        insert.run(id, namespaceId, name, start, start + 7, 7, statusCode, checksumOf(text), text);
      }
      database.exec("COMMIT");
    },
    close: () => database.close(),
  };
}

/** Records that have ended and wait in the guest's objects for their place. */
export function fillLedgers(state: string, count: number): void {
  for (let shard = 0; shard < SHARDS; shard++) {
    const database = openStore(state, shard);
    const insert = database.prepare(
      "INSERT INTO records (id, start, name, kept, stored, record, sum) VALUES (?, ?, ?, 1, ?, ?, ?)",
    );
    const now = Date.now();
    database.exec("PRAGMA synchronous = OFF; BEGIN");
    for (let at = shard; at < count; at += SHARDS) {
      const start = now - 3_600_000 + at;
      const kept = keptOf({ id: newActivationId(start, shard), name: `action${at % NAMES}`, start, statusCode: 0 });
      insert.run(kept.id, kept.start, kept.name, now, kept.text, kept.sum);
    }
    database.exec("COMMIT");
    database.close();
  }
  console.error(`${count} records wait in objects`);
}

/** Ids of a thousand of them, or all. */
export function sampleOfIds(
  state: string,
  { records, mode }: { records: number; mode: ActivationStoreMode },
): string[] {
  const every = Math.max(1, Math.floor(records / 1000));
  if (mode !== "r2") {
    const database = open(state, "records");
    const wanted = JSON.stringify(Array.from({ length: Math.min(records, 1000) }, (_, at) => 1 + at * every));
    const asked = "SELECT id FROM records WHERE rowid IN (SELECT value FROM json_each(?))";
    const rows = database.prepare(asked).all(wanted);
    database.close();
    return rows.map((row) => String(row.id));
  }
  return Array.from({ length: SHARDS }, (_, shard) => {
    const database = openStore(state, shard);
    const rows = database.prepare("SELECT ids FROM segments").all();
    database.close();
    const ids = rows.flatMap((row) => Buffer.from(String(row.ids), "base64").toString("hex").match(/.{32}/g) ?? []);
    return ids.filter((_id, at) => at % every === 0);
  }).flat();
}

/** Each object's segments, as it would have made them, and its list of them. */
async function openSegments(state: string, mode: ActivationStoreMode) {
  const bucket = await openBucket(state);
  const objects = Array.from({ length: SHARDS }, (_, shard) => openStore(state, shard));
  const lists = objects.map((database) => new Segments(sqlOf(database)));
  return {
    async put(records: readonly Made[]) {
      for (let shard = 0; shard < SHARDS; shard++) {
        const own = records.filter(({ id }) => shardOf(id) === shard).map(keptOf);
        for (let at = 0; at < own.length; at += SEGMENT_RECORDS) {
          const part = own.slice(at, at + SEGMENT_RECORDS);
          // At a level that is quick: what is measured reads it.
          const { bytes, entries } = await encodeSegment(part, (text) => gzipSync(text, { level: 1 }));
          const key = `records/${namespaceId}/${shardText(shard)}/${part[0]?.id}`;
          await bucket.put(key, bytes);
          const twin = mode === "r2" ? "none" : "all";
          lists[shard]?.add(key, entries, { bytes: bytes.length, twin, since: Date.now() });
        }
      }
    },
    async close() {
      for (const database of objects) database.close();
      await bucket.close();
    },
  };
}

function keptOf(made: Made): KeptRecord {
  const text = recordText(made);
  return { id: made.id, start: made.start, name: made.name, text, sum: checksumOf(text) };
}

/** The database of the guest's store with this shard; the object must have been there once. */
export function openStore(state: string, shard: number): DatabaseSync {
  const kind = "edgewhisk-ActivationStore";
  const key = createHash("sha256").update(kind).digest();
  const half = (data: string | Buffer) => createHmac("sha256", key).update(data).digest().subarray(0, 16);
  const name = half(`${namespaceId}:${shardText(shard)}`);
  const file = `${Buffer.concat([name, half(name)]).toString("hex")}.sqlite`;
  return new DatabaseSync(join(state, "v3/do", kind, file));
}

function shardText(shard: number): string {
  return shard.toString(16).padStart(2, "0");
}

/** As an object uses it. */
function sqlOf(database: DatabaseSync): Sql {
  const exec = (query: string, ...bindings: (string | number)[]) => {
    database.prepare(query).run(...bindings);
    return { toArray: () => [], one: () => ({}) };
  };
  return { exec } as unknown as Sql;
}

async function openBucket(state: string) {
  const settings = convertV4MiniflareOptions({
    ...{ host: "127.0.0.1", port: 0, cf: false, logRequests: false, resourcePersistencePath: join(state, "v3") },
    workers: [
      {
        name: "segments",
        modules: true,
        script: "export default {};",
        r2Buckets: { BLOBS: "edgewhisk" },
      },
    ],
  } as never);
  const instance = new Miniflare(settings);
  const bucket = await instance.getR2Bucket("BLOBS");
  return {
    put: (key: string, bytes: Uint8Array) => bucket.put(key, bytes as never),
    close: () => instance.dispose(),
  };
}

/** Makes the databases and the guest's objects. */
export async function prepare(state: string): Promise<void> {
  const platform = await startPlatform({ engine: "process", state });
  const headers = { authorization: basic(GUEST) };
  for (let shard = 0; shard < SHARDS; shard++) {
    const id = newActivationId(Date.now(), shard);
    const answer = await fetch(`${platform.url}/api/v1/namespaces/_/activations/${id}`, { headers });
    if (answer.status !== 404) throw new Error(`no object: ${answer.status} ${await answer.text()}`);
  }
  await platform.stop();
}

interface Made {
  id: string;
  name: string;
  start: number;
  statusCode: number;
}

function recordText({ id, name, start, statusCode }: Made): string {
  const limits = { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 };
  const annotations = [
    { key: "path", value: `guest/${name}` },
    { key: "kind", value: "nodejs:20" },
    { key: "limits", value: limits },
    { key: "timeout", value: false },
    { key: "waitTime", value: 3 },
  ];
  return JSON.stringify({
    ...{ activationId: id, namespace: "guest", name, version: "0.0.1", subject: "guest", start, end: start + 7 },
    ...{ duration: 7, statusCode, result: { inline: `{"greeting":"hello ${id}"}` }, size: 50 },
    logs: { inline: JSON.stringify([`2026-11-28T00:00:00.000000Z stdout: said hello to ${id}`]) },
    annotations: JSON.stringify(annotations),
    meta: {
      ...{ v: 1, nsId: namespaceId, listName: name, kind: "nodejs:20", acceptedAt: start - 3, waitMs: 3 },
      ...{ scheduler: "h/0", attempt: 1, start: "warm", runMs: 7, logBytes: 60, traceId: id, memoryMb: 256 },
    },
  });
}
