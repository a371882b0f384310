// Subscriptions in D1. A change and the secret that goes with it are one batch, which is one transaction.

import { type MasterSecret, open } from "../../entities/sealing.ts";
import { BrokerCredentials, type BrokerKind, SubscriptionSettings } from "../../entities/subscription.ts";
import type { Subscription, SubscriptionStore } from "../subscription-store.ts";
import { insertOf } from "./secrets.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

const PURPOSE = "broker-credentials";

interface Row {
  id: string;
  revision: string;
  namespace: string;
  namespace_id: string;
  trigger_name: string;
  settings: string;
  paused: number;
  shards: number;
  api_host: string;
  created: number;
  secret: string | null;
}

/** Of all that there are, what it takes to give them to hosts. */
export async function definitionsIn(
  database: D1Database,
): Promise<{ id: string; revision: string; kind: BrokerKind; paused: boolean }[]> {
  const rows = await rowsOf<{ id: string; revision: string; kind: BrokerKind; paused: number }>(
    database,
    sql`SELECT id, revision, kind, paused FROM subscriptions`,
  );
  return rows.map(({ paused, ...rest }) => ({ ...rest, paused: paused !== 0 }));
}

/** Subscriptions as rows of D1, with their credentials among the secrets. */
export class D1SubscriptionStore implements SubscriptionStore {
  readonly #database: SqlDatabase;
  readonly #secret: MasterSecret;

  constructor(database: SqlDatabase, secret: MasterSecret) {
    this.#database = database;
    this.#secret = secret;
  }

  byTrigger(namespaceId: string, trigger: string): Promise<Subscription | null> {
    return this.#one(sql`namespace_id = ${namespaceId} AND trigger_name = ${trigger}`);
  }

  byId(id: string): Promise<Subscription | null> {
    return this.#one(sql`id = ${id}`);
  }

  async open(ids: readonly string[]): ReturnType<SubscriptionStore["open"]> {
    const rows = await rowsOf<Row & { sealed: string | null }>(
      this.#database,
      sql`SELECT subscriptions.*, secrets.sealed FROM subscriptions LEFT JOIN secrets ON secrets.id = subscriptions.secret
        WHERE subscriptions.id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
    );
    return Promise.all(
      rows.map(async ({ sealed, ...row }) => {
        const text = sealed === null ? "{}" : await open(this.#secret, PURPOSE, sealed);
        const credentials = text === null ? null : BrokerCredentials.parse(JSON.parse(text));
        return { subscription: subscriptionOf(row), credentials };
      }),
    );
  }

  async create(
    subscription: Subscription,
    { credentials, max, maxOfAll }: Parameters<SubscriptionStore["create"]>[1],
  ): Promise<"created" | "full"> {
    const { id, revision, namespace, namespaceId, trigger, settings, paused, shards, apiHost, created } = subscription;
    const kept = credentials === null ? null : crypto.randomUUID();
    const [, , inserted] = await this.#batch([
      ...removal(sql`namespace_id = ${namespaceId} AND trigger_name = ${trigger}`),
      sql`INSERT INTO subscriptions (id, revision, namespace, namespace_id, trigger_name, kind, settings, paused, shards,
          api_host, created, secret)
        SELECT ${id}, ${revision}, ${namespace}, ${namespaceId}, ${trigger}, ${settings.kind}, ${JSON.stringify(settings)},
          ${paused ? 1 : 0}, ${shards}, ${apiHost}, ${created}, ${kept}
        WHERE (SELECT count(*) FROM subscriptions WHERE namespace_id = ${namespaceId}) < ${max}
          AND (SELECT count(*) FROM subscriptions) < ${maxOfAll}`,
      ...(await this.#secretRow(credentials, { id: kept, namespaceId, now: created })),
      // Where there was no room for it.
      sql`DELETE FROM secrets WHERE id = ${kept} AND NOT EXISTS (SELECT 1 FROM subscriptions WHERE id = ${id})`,
    ]);
    return (inserted?.meta.changes ?? 0) > 0 ? "created" : "full";
  }

  async change(
    { id, revision, settings, paused, namespaceId }: Subscription,
    { before, credentials }: Parameters<SubscriptionStore["change"]>[1],
  ): Promise<boolean> {
    const kept = credentials === undefined || credentials === null ? null : crypto.randomUUID();
    const still = sql`id = ${id} AND revision = ${before}`;
    const results = await this.#batch([
      ...(credentials === undefined
        ? []
        : [
            sql`DELETE FROM secrets WHERE id IN (SELECT secret FROM subscriptions WHERE ${still})`,
            ...(await this.#secretRow(credentials, { id: kept, namespaceId, now: Date.now() })),
            sql`UPDATE subscriptions SET secret = ${kept} WHERE ${still}`,
          ]),
      sql`UPDATE subscriptions SET revision = ${revision}, settings = ${JSON.stringify(settings)}, paused = ${paused ? 1 : 0}
        WHERE ${still}`,
      // Where somebody else was faster.
      sql`DELETE FROM secrets WHERE id = ${kept} AND NOT EXISTS (SELECT 1 FROM subscriptions WHERE secret = ${kept})`,
    ]);
    return (results.at(-2)?.meta.changes ?? 0) > 0;
  }

  async remove(namespaceId: string, trigger: string, kind: BrokerKind): Promise<boolean> {
    const which = sql`namespace_id = ${namespaceId} AND trigger_name = ${trigger} AND kind = ${kind}`;
    const results = await this.#batch(removal(which));
    return (results.at(-1)?.meta.changes ?? 0) > 0;
  }

  async #one(where: SqlPiece): Promise<Subscription | null> {
    const [row] = await rowsOf<Row>(this.#database, sql`SELECT * FROM subscriptions WHERE ${where}`);
    return row === undefined ? null : subscriptionOf(row);
  }

  async #secretRow(
    credentials: BrokerCredentials | null,
    { id, namespaceId, now }: { id: string | null; namespaceId: string; now: number },
  ): Promise<SqlPiece[]> {
    if (credentials === null || id === null) return [];
    const text = JSON.stringify(credentials);
    return [await insertOf(this.#secret, { id, namespaceId, purpose: PURPOSE, text, now })];
  }

  #batch(pieces: readonly SqlPiece[]): Promise<D1Result[]> {
    return this.#database.batch(pieces.map((each) => prepared(this.#database, each)));
  }
}

/** Two statements; the last one takes the subscription itself. */
function removal(which: SqlPiece): SqlPiece[] {
  return [
    sql`DELETE FROM secrets WHERE id IN (SELECT secret FROM subscriptions WHERE ${which})`,
    sql`DELETE FROM subscriptions WHERE ${which}`,
  ];
}

function subscriptionOf(row: Row): Subscription {
  const { id, revision, namespace, trigger_name: trigger, settings, paused, shards, created } = row;
  return {
    ...{ id, revision, namespace, trigger, shards, created },
    namespaceId: row.namespace_id,
    apiHost: row.api_host,
    settings: SubscriptionSettings.parse(JSON.parse(settings)),
    paused: paused !== 0,
  };
}
