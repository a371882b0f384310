// Activation ids are addresses: 32 hex digits, 12 of time (ms), 2 of shard, 18 random.
// Whoever holds an id can name the ActivationStore object that keeps its record, without a look-up.

export type ActivationId = string;

const ID = /^[0-9a-f]{32}$/;
const RANDOM_BYTES = 9;

/** A fresh id for an activation accepted at `now` (epoch ms), kept by store shard `shard` (0 to 255). */
export function newActivationId(now: number, shard: number): ActivationId {
  return compose(now, shard, crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
}

/** An id that follows from its parts, for work that may be repeated after a crash: same parts, same id. The time and the
 * shard are the parent's, the random digits are the first 9 bytes of SHA-256 over the parts joined by a zero byte. */
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
  let text = now.toString(16).padStart(12, "0") + shard.toString(16).padStart(2, "0");
  for (const byte of random) text += byte.toString(16).padStart(2, "0");
  return text;
}
