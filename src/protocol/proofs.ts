// What the platform hands to a host so that it can be shown again: proofs that carry their own truth, checked without a
// look-up by any incarnation of a scheduler and any copy of the Worker. A host cannot make one,
// and cannot use another's.

import type { ActivationMeta } from "../entities/activation.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import { type HmacKey, hexOf, hmac, hmacKey, sha256 } from "../entities/sha256.ts";
import type { Lease } from "./messages.ts";

/** That this attempt was granted to this host. `about`: its `aboutDigest`. */
export interface LeaseGrant {
  host: string;
  id: string;
  attempt: number;
  about: string;
}

/** A lease's counter has 53 bits: 48 are the proof, 5 a running number. */
const TURNS = 32;
/** Hex digits of a blob's proof. */
const BLOB_PROOF = 32;
/** `<key>/<expiry in seconds, hex>.<proof>` */
const SIGNED = /^(.+)\/([0-9a-f]{1,12})\.([0-9a-f]{32})$/;
const MAX_DIGESTS = 1_000;
const digests = new Map<string, string>();

/** What stands for an activation's About in its lease. What is the same for all calls of an action by a namespace is
 * hashed once; so short a digest of it is enough, since nobody but the platform chooses what it is of. */
export function aboutDigest(about: ActivationMeta): string {
  const { limits } = about;
  const fixed = JSON.stringify([
    ...[about.namespace, about.namespaceId, about.subject, about.name, about.version, about.path, about.kind],
    ...[limits.timeout, limits.memory, limits.logs, limits.concurrency, limits.instances ?? null],
    ...[about.binding ?? null, about.causedBy ?? null, about.topmost ?? null, about.conductor ?? null],
    about.store ?? null,
  ]);
  let digest = digests.get(fixed);
  if (digest === undefined) {
    if (digests.size >= MAX_DIGESTS) digests.clear();
    digest = hexOf(sha256(fixed), 4);
    digests.set(fixed, digest);
  }
  return JSON.stringify([digest, about.acceptedAt, about.transactionId, about.cause ?? null]);
}

/** Makes and checks proofs of leases and of blob keys, under one key of the deployment's secret. Pure but for the
 * key. */
export class Proofs {
  readonly #leases: HmacKey[];
  readonly #blobs: HmacKey[];

  /** The secret in force makes proofs, the one before it checks as well. */
  constructor(secret: MasterSecret) {
    const secrets = secret.previous === null ? [secret.current] : [secret.current, secret.previous];
    this.#leases = secrets.map((secret) => hmacKey(secret, "lease"));
    this.#blobs = secrets.map((secret) => hmacKey(secret, "blob"));
  }

  /** `turn`: any number; two grants of one attempt in one epoch differ by it. */
  lease(grant: LeaseGrant, options: { epoch: number; turn: number }): Lease {
    const { epoch } = options;
    const turn = options.turn % TURNS;
    return { epoch, counter: counterOf(this.#leases[0] as HmacKey, grant, { epoch, turn }) };
  }

  isLease(grant: LeaseGrant, lease: Lease): boolean {
    const { epoch, counter } = lease;
    const turn = counter % TURNS;
    return this.#leases.some((key) => counterOf(key, grant, { epoch, turn }) === counter);
  }

  /** The key under which this host may read the blob until then (epoch ms). */
  blob(key: string, options: { host: string; until: number }): string {
    const expiry = Math.ceil(options.until / 1_000).toString(16);
    return `${key}/${expiry}.${proofOf(this.#blobs[0] as HmacKey, [options.host, key, expiry])}`;
  }

  /** The blob's own key, or null if this host was not given it or its time is over. */
  openBlob(signed: string, options: { host: string; now: number }): string | null {
    const { host, now } = options;
    const [, key, expiry, proof] = SIGNED.exec(signed) ?? [];
    if (key === undefined || expiry === undefined || Number.parseInt(expiry, 16) * 1_000 < now) return null;
    return this.#blobs.some((each) => proofOf(each, [host, key, expiry]) === proof) ? key : null;
  }
}

function counterOf(key: HmacKey, grant: LeaseGrant, { epoch, turn }: { epoch: number; turn: number }): number {
  const { host, id, attempt, about } = grant;
  const digest = hmac(key, JSON.stringify([host, id, attempt, epoch, turn, about]));
  const high = (digest[0] as number) >>> 0;
  return (high * 2 ** 16 + ((digest[1] as number) >>> 16)) * TURNS + turn;
}

function proofOf(key: HmacKey, parts: readonly string[]): string {
  return hexOf(hmac(key, JSON.stringify(parts)), BLOB_PROOF / 8);
}
