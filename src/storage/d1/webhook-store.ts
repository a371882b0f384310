// Webhooks in D1. A change and what follows from it (addresses, secrets) are one batch, which is one transaction.

import type { MasterSecret } from "../../entities/sealing.ts";
import type { Webhook, WebhookStore } from "../webhook-store.ts";
import { insertOf, opened } from "./secrets.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

const PURPOSE = "webhook-secret";
const WEBHOOK = `webhooks.id, webhooks.namespace, webhooks.namespace_id AS namespaceId, webhooks.trigger_name AS "trigger",
  webhooks.settings, webhooks.created`;

interface AddressRow extends Webhook {
  until: number | null;
  sealed: string | null;
  former: string | null;
  formerUntil: number | null;
}

/** Webhooks as rows of D1, found by the hashes of their addresses. */
export class D1WebhookStore implements WebhookStore {
  readonly #database: SqlDatabase;
  readonly #secret: MasterSecret;

  constructor(database: SqlDatabase, secret: MasterSecret) {
    this.#database = database;
    this.#secret = secret;
  }

  async byAddress(hash: string): ReturnType<WebhookStore["byAddress"]> {
    const [row] = await rowsOf<AddressRow>(
      this.#database,
      sql`SELECT ${piece(WEBHOOK)}, addresses.until, now.sealed, before.sealed AS former,
          webhooks.former_until AS formerUntil
        FROM webhook_addresses AS addresses JOIN webhooks ON webhooks.id = addresses.webhook
        LEFT JOIN secrets AS now ON now.id = webhooks.secret
        LEFT JOIN secrets AS before ON before.id = webhooks.former_secret
        WHERE addresses.hash = ${hash}`,
    );
    if (row === undefined) return null;
    const { until, sealed, former, formerUntil, ...webhook } = row;
    const open = async (text: string | null, end: number | null) =>
      text === null ? [] : [{ text: await opened(this.#secret, { sealed: text, purpose: PURPOSE }), until: end }];
    const secrets = await Promise.all([open(sealed, null), open(former, formerUntil)]);
    return { webhook, address: { until }, secrets: secrets.flat() };
  }

  async byTrigger(namespaceId: string, trigger: string): ReturnType<WebhookStore["byTrigger"]> {
    const [webhook] = await rowsOf<Webhook>(
      this.#database,
      sql`SELECT ${piece(WEBHOOK)} FROM webhooks WHERE namespace_id = ${namespaceId} AND trigger_name = ${trigger}`,
    );
    if (webhook === undefined) return null;
    const addresses = await rowsOf<{ hash: string; created: number; until: number | null }>(
      this.#database,
      sql`SELECT hash, created, until FROM webhook_addresses WHERE webhook = ${webhook.id} ORDER BY created`,
    );
    return { webhook, addresses };
  }

  async create(webhook: Webhook, { address, secret, max }: Parameters<WebhookStore["create"]>[1]): Promise<boolean> {
    const { id, namespace, namespaceId, trigger, settings, created } = webhook;
    const kept = secret === null ? null : crypto.randomUUID();
    const [, , , inserted] = await this.#batch([
      ...removal(sql`namespace_id = ${namespaceId} AND trigger_name = ${trigger}`),
      sql`INSERT INTO webhooks (id, namespace, namespace_id, trigger_name, settings, created, secret)
        SELECT ${id}, ${namespace}, ${namespaceId}, ${trigger}, ${settings}, ${created}, ${kept}
        WHERE (SELECT count(*) FROM webhooks WHERE namespace_id = ${namespaceId}) < ${max}`,
      ...(await this.#secretRow(secret, { id: kept, namespaceId, now: created })),
      sql`INSERT INTO webhook_addresses (hash, webhook, created) SELECT ${address}, id, ${created} FROM webhooks WHERE id = ${id}`,
      orphan(kept, id),
    ]);
    return (inserted?.meta.changes ?? 0) > 0;
  }

  async change(id: string, change: Parameters<WebhookStore["change"]>[1]): Promise<boolean> {
    const { settings, address, secret, until, now } = change;
    const kept = secret === undefined ? null : crypto.randomUUID();
    const [found] = await rowsOf<{ namespaceId: string }>(
      this.#database,
      sql`SELECT namespace_id AS namespaceId FROM webhooks WHERE id = ${id}`,
    );
    if (found === undefined) return false;
    const [changed] = await this.#batch([
      sql`UPDATE webhooks SET settings = ${settings} WHERE id = ${id}`,
      sql`DELETE FROM webhook_addresses WHERE webhook = ${id} AND until <= ${now}`,
      ...(address === undefined ? [] : rotation(id, { address, until, now })),
      ...(await this.#secretRow(secret ?? null, { id: kept, namespaceId: found.namespaceId, now })),
      ...(kept === null ? [] : [...secretRotation(id, { kept, until }), orphan(kept, id)]),
    ]);
    return (changed?.meta.changes ?? 0) > 0;
  }

  async remove(namespaceId: string, trigger: string): Promise<boolean> {
    const results = await this.#batch(removal(sql`namespace_id = ${namespaceId} AND trigger_name = ${trigger}`));
    return (results.at(-1)?.meta.changes ?? 0) > 0;
  }

  async #secretRow(
    text: string | null,
    { id, namespaceId, now }: { id: string | null; namespaceId: string; now: number },
  ): Promise<SqlPiece[]> {
    if (text === null || id === null) return [];
    return [await insertOf(this.#secret, { id, namespaceId, purpose: PURPOSE, text, now })];
  }

  #batch(pieces: readonly SqlPiece[]): Promise<D1Result[]> {
    return this.#database.batch(pieces.map((each) => prepared(this.#database, each)));
  }
}

/** Three statements; the last one takes the webhook itself. */
function removal(which: SqlPiece): SqlPiece[] {
  return [
    sql`DELETE FROM webhook_addresses WHERE webhook IN (SELECT id FROM webhooks WHERE ${which})`,
    sql`DELETE FROM secrets WHERE id IN (SELECT secret FROM webhooks WHERE ${which}
      UNION SELECT former_secret FROM webhooks WHERE ${which})`,
    sql`DELETE FROM webhooks WHERE ${which}`,
  ];
}

/** Of several addresses none lasts longer than it would have. */
function rotation(id: string, { address, until, now }: { address: string; until: number; now: number }): SqlPiece[] {
  return [
    sql`UPDATE webhook_addresses SET until = min(coalesce(until, ${until}), ${until}) WHERE webhook = ${id}`,
    sql`INSERT INTO webhook_addresses (hash, webhook, created) SELECT ${address}, id, ${now} FROM webhooks WHERE id = ${id}`,
  ];
}

function secretRotation(id: string, { kept, until }: { kept: string; until: number }): SqlPiece[] {
  return [
    sql`DELETE FROM secrets WHERE id = (SELECT former_secret FROM webhooks WHERE id = ${id})`,
    sql`UPDATE webhooks SET former_secret = secret, former_until = ${until}, secret = ${kept} WHERE id = ${id}`,
  ];
}

/** A secret goes again where there was no room for its webhook, or that is gone meanwhile. */
function orphan(secret: string | null, webhook: string): SqlPiece {
  return sql`DELETE FROM secrets WHERE id = ${secret} AND NOT EXISTS (SELECT 1 FROM webhooks WHERE id = ${webhook})`;
}

/** A constant of the code as a piece of SQL. */
function piece(text: string): SqlPiece {
  return { text, values: [] };
}
