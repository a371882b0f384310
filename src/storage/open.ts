// The stores behind their interfaces; the only file that names what they are made of.

import type { ActivationStoreMode } from "../entities/activation-store-mode.ts";
import type { SecretItem } from "../entities/administration.ts";
import type { Author } from "../entities/audit.ts";
import type { RecordBounds } from "../entities/record-bounds.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import { FeedFiles, FeedQueues } from "../entities/source-declarations.ts";
import type { Env, FeedBucketBinding, FeedDatabaseBinding, RecordsBinding } from "../env.ts";
import type { AdministratorStore } from "./administrator-store.ts";
import type { AuditLog } from "./audit-log.ts";
import type { BlobList } from "./blob-list.ts";
import type { BlobStore } from "./blob-store.ts";
import { ActingDatabase } from "./d1/acting.ts";
import { D1AdministratorStore } from "./d1/administrator-store.ts";
import { D1AuditLog } from "./d1/audit-log.ts";
import { D1DeletionStore } from "./d1/deletion-store.ts";
import { D1EntityStore } from "./d1/entity-store.ts";
import { SqlFeedTable } from "./d1/feed-table.ts";
import { D1IdentityStore } from "./d1/identity-store.ts";
import { lackingMigration, NEWEST_RECORDS_MIGRATION } from "./d1/migrated.ts";
import { D1NamespaceBook } from "./d1/namespace-book.ts";
import { D1RecordHookBook, EVENT_HOOKS, RECORD_HOOKS } from "./d1/record-hook-book.ts";
import { recordsNumberOf } from "./d1/records-number.ts";
import { D1RegistryStore } from "./d1/registry-store.ts";
import { D1RetentionBook } from "./d1/retention-book.ts";
import { D1ScheduleObjects } from "./d1/schedule-objects.ts";
import { D1SecretBook } from "./d1/secret-book.ts";
import { secretsOf } from "./d1/secrets.ts";
import { shortTriggers } from "./d1/short-triggers.ts";
import { D1SinkSecrets } from "./d1/sink-secrets.ts";
import { sizesOf } from "./d1/sizes.ts";
import { D1SourceBook } from "./d1/source-book.ts";
import { D1SubscriptionStore, definitionsIn } from "./d1/subscription-store.ts";
import { D1SweepBook } from "./d1/sweep-book.ts";
import { D1WebhookStore } from "./d1/webhook-store.ts";
import type { DeletionStore } from "./deletion-store.ts";
import type { EntityStore, StoredEntity } from "./entity-store.ts";
import type { FeedSources } from "./feed-sources.ts";
import type { IdentityStore } from "./identity-store.ts";
import { MachineClient } from "./machine.ts";
import { askFeedFiles, FolderBucket } from "./machine-feeds.ts";
import type { NamespaceBook } from "./namespace-book.ts";
import { R2BlobList } from "./r2/blob-list.ts";
import { R2BlobStore } from "./r2/blob-store.ts";
import { bucketSize } from "./r2/bucket-size.ts";
import { R2FeedBucket } from "./r2/feed-bucket.ts";
import { keysBelow } from "./r2/keys-below.ts";
import type { RecordHookBook } from "./record-hook-book.ts";
import type { RecordSegments } from "./record-segments.ts";
import type { RecordShelves } from "./record-shelves.ts";
import type { RecordTable } from "./record-table.ts";
import type { RecordUpkeep } from "./record-upkeep.ts";
import { D1RecordTable } from "./records/d1-record-table.ts";
import { D1RecordUpkeep } from "./records/d1-record-upkeep.ts";
import { KnownSegments } from "./records/known-segments.ts";
import { R2RecordSegments } from "./records/r2-record-segments.ts";
import type { RegistryStore } from "./registry-store.ts";
import type { RetentionBook } from "./retention-book.ts";
import type { ScheduleObjects } from "./schedule-objects.ts";
import type { SecretBook } from "./secret-book.ts";
import type { SinkSecrets } from "./sink-secrets.ts";
import type { SourceBook } from "./source-book.ts";
import type { StoreSize } from "./store-size.ts";
import type { SubscriptionStore } from "./subscription-store.ts";
import type { SweepBook } from "./sweep-book.ts";
import type { WebhookStore } from "./webhook-store.ts";

const RECORDS_BINDING = /^RECORDS_(0|[1-9]\d{0,2})$/;

/** All stores of one Worker or object. */
export interface Stores {
  identities: IdentityStore;
  registry: RegistryStore;
  entities: EntityStore;
  blobs: BlobStore;
  secrets: SecretBook;
  scheduleObjects: ScheduleObjects;
  webhooks: WebhookStore;
  subscriptions: SubscriptionStore;
  sources: SourceBook;
  sinkSecrets: SinkSecrets;
  /** Those of these triggers that are there, by one query; one with a long document may be left out. */
  shortTriggers(path: string, names: readonly string[]): Promise<StoredEntity[]>;
  machine: MachineClient;
  sizes(): Promise<StoreSize[]>;
  /** Of blobs. By listing them: not to be asked often. */
  bucketSize(): Promise<StoreSize>;
  /** What secrets a namespace has, oldest first; never themselves. */
  secretsOf(namespaceId: string): Promise<SecretItem[]>;
  /** Deletions of namespaces, and where their segments are. */
  deletions: DeletionStore;
  administrators: AdministratorStore;
  segmentKeys(namespaceId: string, max: number): Promise<string[]>;
  /** Which migration which database lacks, or null if all have all. */
  lackingMigration(): Promise<{ migration: string; database: string } | null>;
}

type Bound = Pick<Env, "DB" | "BLOBS" | "MACHINE" | RecordsBinding>;

/** For who only asks how the machine is. */
export function openMachine(env: Pick<Env, "MACHINE">): MachineClient {
  return new MachineClient(env.MACHINE);
}

/** For who needs no other store. */
export function openBlobs(env: Pick<Env, "BLOBS" | "MACHINE">): BlobStore {
  return new R2BlobStore(env.BLOBS, new MachineClient(env.MACHINE));
}

/** The database of records with this number. Throws if there is none: a namespace stays with the one it was given. */
export function openRecordTable(env: Pick<Env, RecordsBinding>, number = 0): RecordTable {
  const database = env[`RECORDS_${number}`];
  if (database === undefined) throw new Error(`the database of records RECORDS_${number} is not bound`);
  return new D1RecordTable(database);
}

/** Where the records of an object go, and where they are. */
export function openRecordShelves(
  env: Pick<Env, "DB" | "BLOBS" | "MACHINE" | RecordsBinding>,
  mode: ActivationStoreMode | null,
  bounds: RecordBounds,
): RecordShelves {
  const numbers = new Map<string, number>();
  const isOne = recordBindings(env).length === 1;
  return {
    mode,
    bounds,
    segments: openRecordSegments(env),
    discard: (keys) => openBlobs(env).delete([...keys]),
    async tableOf(namespaceId) {
      if (isOne) return openRecordTable(env);
      const known = numbers.get(namespaceId) ?? (await recordsNumberOf(env.DB, namespaceId));
      numbers.set(namespaceId, known);
      return openRecordTable(env, known);
    },
  };
}

/** All databases of records, by their numbers. */
export function openRecordUpkeep(env: Pick<Env, RecordsBinding>): RecordUpkeep[] {
  return recordBindings(env).flatMap((number) => {
    const database = env[`RECORDS_${number}`];
    return database === undefined ? [] : [new D1RecordUpkeep(database, `RECORDS_${number}`)];
  });
}

/** For whoever asks past keys: the administrator and the cron trigger. */
export function openNamespaceBook(env: Pick<Env, "DB">): NamespaceBook {
  return new D1NamespaceBook(env.DB);
}

/** Stores for who changes something: each change, and its line in the audit log, are one transaction. */
export type ActingStores = Pick<
  Stores,
  "administrators" | "entities" | "identities" | "registry" | "deletions" | "webhooks" | "subscriptions" | "sources"
> & {
  retention: RetentionBook;
  recordHooks: RecordHookBook;
  eventHooks: RecordHookBook;
};

export function openActingStores(env: Bound, masterSecret: MasterSecret, author: Author): ActingStores {
  const database = new ActingDatabase(env.DB, author);
  const bindings = recordBindings(env);
  return {
    identities: new D1IdentityStore(database, masterSecret, { bindings }),
    registry: new D1RegistryStore(database, masterSecret, { bindings }),
    entities: new D1EntityStore(database, openBlobs(env)),
    webhooks: new D1WebhookStore(database, masterSecret),
    subscriptions: new D1SubscriptionStore(database, masterSecret),
    sources: new D1SourceBook(database),
    administrators: new D1AdministratorStore(database),
    deletions: new D1DeletionStore(database),
    retention: new D1RetentionBook(database),
    recordHooks: new D1RecordHookBook(database, masterSecret, RECORD_HOOKS),
    eventHooks: new D1RecordHookBook(database, masterSecret, EVENT_HOOKS),
  };
}

export function openAuditLog(env: Pick<Env, "DB">): AuditLog {
  return new D1AuditLog(env.DB);
}

/** How long records are kept. */
export function openRetentionBook(env: Pick<Env, "DB">): RetentionBook {
  return new D1RetentionBook(env.DB);
}

/** For who gives subscriptions to hosts: all that there are. */
export function openSubscriptionDefinitions(env: Pick<Env, "DB">): ReturnType<typeof definitionsIn> {
  return definitionsIn(env.DB);
}

/** For who looks for blobs that nobody owns. */
export function openSweep(env: Pick<Env, "DB" | "BLOBS">): { list: BlobList; book: SweepBook } {
  return { list: new R2BlobList(env.BLOBS), book: new D1SweepBook(env.DB) };
}

/** To where records are forwarded. */
export function openRecordHooks(env: Pick<Env, "DB">, masterSecret: MasterSecret): RecordHookBook {
  return new D1RecordHookBook(env.DB, masterSecret, RECORD_HOOKS);
}

/** To where user events of namespaces are sent. */
export function openEventHooks(env: Pick<Env, "DB">, masterSecret: MasterSecret): RecordHookBook {
  return new D1RecordHookBook(env.DB, masterSecret, EVENT_HOOKS);
}

/** What the operator has declared for feeds: bindings, files of the machine, and queues. */
export function openFeedSources(
  env: Pick<Env, "FEED_FILES" | "FEEDS" | "FEED_QUEUES" | FeedDatabaseBinding | FeedBucketBinding>,
): FeedSources {
  const files = FeedFiles.parse(env.FEED_FILES);
  const { FEEDS } = env;
  const bound = (prefix: string) =>
    Object.keys(env).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  return {
    declared: () => [
      ...[...bound("FEED_D1_"), ...files.d1].map((name) => ({ kind: "d1" as const, name })),
      ...[...bound("FEED_R2_"), ...files.r2].map((name) => ({ kind: "r2" as const, name })),
      ...FeedQueues.parse(env.FEED_QUEUES).map((name) => ({ kind: "queue" as const, name })),
    ],
    table(name) {
      const database = env[`FEED_D1_${name}`];
      if (database !== undefined) {
        return new SqlFeedTable(
          async (text, values) =>
            (
              await database
                .prepare(text)
                .bind(...values)
                .all()
            ).results,
        );
      }
      if (FEEDS === undefined || !files.d1.includes(name)) return null;
      return new SqlFeedTable((text, values) => askFeedFiles(FEEDS, `/d1/${name}`, { text, values }));
    },
    bucket(name) {
      const bucket = env[`FEED_R2_${name}`];
      if (bucket !== undefined) return new R2FeedBucket(bucket);
      return FEEDS === undefined || !files.r2.includes(name) ? null : new FolderBucket(FEEDS, name);
    },
  };
}

/** For who reads segments and moves nothing. */
export function openRecordSegments(env: Pick<Env, "BLOBS" | "MACHINE">): RecordSegments {
  return new R2RecordSegments(openBlobs(env));
}

const knownSegments = new WeakMap<object, KnownSegments>();

/** For who lists what the objects say is there: what was in a segment is remembered as long as its isolate. */
export function openListedSegments(env: Pick<Env, "BLOBS" | "MACHINE">): RecordSegments {
  const known = knownSegments.get(env) ?? new KnownSegments();
  knownSegments.set(env, known);
  return known.before(openRecordSegments(env));
}

/** Cheap; the stores keep no state of their own. */
export function openStores(env: Bound, masterSecret: MasterSecret): Stores {
  const blobs = openBlobs(env);
  const bindings = recordBindings(env);
  return {
    identities: new D1IdentityStore(env.DB, masterSecret, { bindings }),
    registry: new D1RegistryStore(env.DB, masterSecret, { bindings }),
    entities: new D1EntityStore(env.DB, blobs),
    blobs,
    secrets: new D1SecretBook(env.DB, masterSecret),
    scheduleObjects: new D1ScheduleObjects(env.DB),
    webhooks: new D1WebhookStore(env.DB, masterSecret),
    subscriptions: new D1SubscriptionStore(env.DB, masterSecret),
    sources: new D1SourceBook(env.DB),
    sinkSecrets: new D1SinkSecrets(env.DB, masterSecret),
    shortTriggers: (path, names) => shortTriggers(env.DB, path, names),
    machine: new MachineClient(env.MACHINE),
    lackingMigration: () => firstLacking(env, bindings),
    deletions: new D1DeletionStore(env.DB),
    administrators: new D1AdministratorStore(env.DB),
    segmentKeys: (namespaceId, max) => keysBelow(env.BLOBS, `records/${namespaceId}/`, max),
    secretsOf: (namespaceId) => secretsOf(env.DB, namespaceId),
    bucketSize: () => bucketSize("BLOBS", env.BLOBS),
    sizes: () => sizesOf(databasesOf(env, bindings)),
  };
}

/** All databases by the names of their bindings. */
function databasesOf(env: Bound, bindings: readonly number[]): { name: string; database: D1Database }[] {
  const records = bindings.flatMap((number) => {
    const database = env[`RECORDS_${number}`];
    return database === undefined ? [] : [{ name: `RECORDS_${number}`, database }];
  });
  return [{ name: "DB", database: env.DB }, ...records];
}

/** One after the other is asked only while one lacks something. */
async function firstLacking(env: Bound, bindings: readonly number[]): ReturnType<Stores["lackingMigration"]> {
  const own = await lackingMigration(env.DB);
  if (own !== null) return { migration: own, database: "edgewhisk" };
  const databases = bindings.flatMap((number) => {
    const database = env[`RECORDS_${number}`];
    return database === undefined ? [] : [{ database, name: `edgewhisk-records-${number}` }];
  });
  const found = await Promise.all(
    databases.map(async ({ database, name }) => {
      const migration = await lackingMigration(database, NEWEST_RECORDS_MIGRATION);
      return migration === null ? [] : [{ migration, database: name }];
    }),
  );
  return found.flat()[0] ?? null;
}

/** Numbers of the databases of records that there are. */
function recordBindings(env: Pick<Env, RecordsBinding>): number[] {
  const found = Object.keys(env).flatMap((name) => {
    const number = RECORDS_BINDING.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  return found.sort((one, other) => one - other);
}
