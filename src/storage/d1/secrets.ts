// Secrets of users (what a webhook's sender signs with, and the like) in D1: sealed for their purpose, and never beside
// the entity they belong to. Whoever keeps one names its id.

import type { SecretItem } from "../../entities/administration.ts";
import { derive, type MasterSecret, mac, type Purpose, seal, unseal } from "../../entities/sealing.ts";
import { prepared, rowsOf, type SqlDatabase, type SqlPiece, sql } from "./statement.ts";

/** Digits that tell one master secret from the next; they open nothing. */
const VERSION_DIGITS = 16;
const BATCH = 100;
const MAX_LISTED = 1_000;

/** A secret as it is given to be kept. */
export interface NewSecret {
  id: string;
  namespaceId: string;
  purpose: Purpose;
  text: string;
  /** Epoch ms. */
  now: number;
}

/** What writes it, to go into a batch with what names it. */
export async function insertOf(
  secret: MasterSecret,
  { id, namespaceId, purpose, text, now }: NewSecret,
): Promise<SqlPiece> {
  const sealed = await seal(secret, purpose, text);
  return sql`INSERT INTO secrets (id, namespace_id, purpose, key_version, sealed, created)
    VALUES (${id}, ${namespaceId}, ${purpose}, ${await versionOf(secret)}, ${sealed}, ${now})`;
}

/** Throws if neither master secret opens it: what it guards is closed, not open. */
export async function opened(
  secret: MasterSecret,
  { sealed, purpose }: { sealed: string; purpose: Purpose },
): Promise<string> {
  const found = await unseal(secret, purpose, sealed);
  if (found === null) throw new Error(`a secret for ${purpose} cannot be opened with the master secrets at hand`);
  return found.text;
}

/** What secrets a namespace has, oldest first. */
export function secretsOf(database: SqlDatabase, namespaceId: string): Promise<SecretItem[]> {
  return rowsOf<SecretItem>(
    database,
    sql`SELECT purpose, coalesce(
        (SELECT trigger_name FROM webhooks WHERE secrets.id IN (webhooks.secret, webhooks.former_secret)
          AND webhooks.namespace_id = secrets.namespace_id),
        (SELECT trigger_name FROM subscriptions WHERE subscriptions.secret = secrets.id
          AND subscriptions.namespace_id = secrets.namespace_id)) AS of, created
      FROM secrets WHERE namespace_id = ${namespaceId} ORDER BY created, id LIMIT ${MAX_LISTED}`,
  );
}

interface SealedRow {
  id: string;
  namespaceId: string;
  purpose: Purpose;
  sealed: string;
}

/** Seals a batch with the current master secret, those after `after`. `lost`: by purpose and namespace id. */
export async function resealBatch(
  database: D1Database,
  secret: MasterSecret,
  after: string,
): Promise<{ resealed: number; lost: { purpose: string; namespaceId: string }[]; next: string | null }> {
  const version = await versionOf(secret);
  const rows = await rowsOf<SealedRow>(
    database,
    sql`SELECT id, namespace_id AS namespaceId, purpose, sealed FROM secrets
      WHERE id > ${after} AND key_version <> ${version} ORDER BY id LIMIT ${BATCH}`,
  );
  const lost: { purpose: string; namespaceId: string }[] = [];
  let resealed = 0;
  for (const { id, namespaceId, purpose, sealed } of rows) {
    const found = await unseal(secret, purpose, sealed);
    if (found === null) {
      lost.push({ purpose, namespaceId });
      continue;
    }
    const anew = await seal(secret, purpose, found.text);
    const change = sql`UPDATE secrets SET sealed = ${anew}, key_version = ${version} WHERE id = ${id} AND sealed = ${sealed}`;
    await prepared(database, change).run();
    resealed++;
  }
  return { resealed, lost, next: rows.length < BATCH ? null : (rows.at(-1)?.id ?? null) };
}

async function versionOf({ current }: MasterSecret): Promise<string> {
  return (await mac(await derive(current, "secret-version"), "secrets")).slice(0, VERSION_DIGITS);
}
