// Activation ids are addresses: 32 hex digits, 12 of time (ms), 2 of shard, 18 random.
// Whoever holds an id can name the ActivationStore object that keeps its record, without a look-up.

export type ActivationId = string;

const ID = /^[0-9a-f]{32}$/;
const RANDOM_BYTES = 9;
const KEY_BYTES = 16;

/** A fresh id for an activation accepted at `now` (epoch ms), kept by store shard `shard` (0 to 255). */
export function newActivationId(now: number, shard: number): ActivationId {
  return compose(now, shard, crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
}

/** An id that follows from its parts, for work that may be repeated after a crash: same parts, same id. The time and
 * the shard are the parent's, the random digits are the first 9 bytes of SHA-256 over the
 * parts joined by a zero byte. */
export async function derivedActivationId(parent: ActivationId, parts: readonly string[]): Promise<ActivationId> {
  const text = new TextEncoder().encode([parent, ...parts].join("\0"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return compose(timeOf(parent), shardOf(parent), digest.subarray(0, RANDOM_BYTES));
}

/** The id of a schedule's fire at `slot` (epoch ms), kept by store shard `shard`: same slot, same id. */
export async function slotActivationId(
  schedule: string,
  { slot, shard }: { slot: number; shard: number },
): Promise<ActivationId> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode([schedule, slot].join("\0")));
  return compose(slot, shard, new Uint8Array(digest).subarray(0, RANDOM_BYTES));
}

/** What a CloudEvent is known by among those of its feed: the same source and id, the same 32 hex digits. */
export async function eventKey(feed: string, { source, id }: { source: string; id: string }): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode([feed, source, id].join("\0")));
  return hexOf(new Uint8Array(digest).subarray(0, KEY_BYTES));
}

/** The id of the fire of the event with this key that was first accepted at `now` (epoch ms),
 * kept by store shard `shard`. */
export function eventActivationId(key: string, { now, shard }: { now: number; shard: number }): ActivationId {
  return addressOf(now, shard) + key.slice(0, 2 * RANDOM_BYTES);
}

export function isActivationId(text: string): boolean {
  return ID.test(text);
}

/** Epoch ms at which the id was made. */
export function timeOf(id: ActivationId): number {
  return Number.parseInt(id.slice(0, 12), 16);
}

export function shardOf(id: ActivationId): number {
  return Number.parseInt(id.slice(12, 14), 16);
}

function compose(now: number, shard: number, random: Uint8Array): ActivationId {
  return addressOf(now, shard) + hexOf(random);
}

function addressOf(now: number, shard: number): string {
  return now.toString(16).padStart(12, "0") + shard.toString(16).padStart(2, "0");
}

function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
