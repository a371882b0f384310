// What was read from the entity or identity store, remembered for as long as it is true: a namespace's epoch goes up
// with each write to it, so a value is good while every namespace it was read from is at the epoch it was read under.

/** A namespace, and the epoch it was at before the value was read. */
export type EpochStamp = readonly [namespace: string, epoch: number];

/** The epoch a namespace is at now; a number where it is known without asking. */
export type EpochOf = (namespace: string) => number | Promise<number>;

interface Entry<T> {
  value: T;
  stamps: readonly EpochStamp[];
  size: number;
}

/** Past a bound all is forgotten. `maxSize`: of the sizes given with the values, in whatever unit;
 * no bound where absent. */
export interface CacheBounds {
  maxEntries: number;
  maxSize?: number;
}

/** Remembers what was read of namespaces' entities, as long as each of these namespaces is at the epoch it was read
 * under. */
export class EpochCache<T> {
  readonly #bounds: CacheBounds;
  readonly #entries = new Map<string, Entry<T>>();
  #size = 0;

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  /** The value, if it is still good; no promise where all epochs are known. Rejects as `epochOf` does. */
  find(key: string, epochOf: EpochOf): T | undefined | Promise<T | undefined> {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : freshFrom(entry, 0, epochOf);
  }

  /** The value, however old. */
  last(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: string, value: T, { stamps, size = 0 }: { stamps: readonly EpochStamp[]; size?: number }): void {
    this.delete(key);
    const { maxEntries, maxSize = Number.POSITIVE_INFINITY } = this.#bounds;
    if (this.#size + size > maxSize || this.#entries.size >= maxEntries) {
      this.#entries.clear();
      this.#size = 0;
    }
    this.#entries.set(key, { value, stamps, size });
    this.#size += size;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
  }
}

/** Whether the stamps from place `from` on hold: the value, or undefined. */
function freshFrom<T>(entry: Entry<T>, from: number, epochOf: EpochOf): T | undefined | Promise<T | undefined> {
  for (let at = from; at < entry.stamps.length; at++) {
    const [namespace, epoch] = entry.stamps[at]!;
    const now = epochOf(namespace);
    if (typeof now !== "number") {
      return now.then((told) => (told === epoch ? freshFrom(entry, at + 1, epochOf) : undefined));
    }
    if (now !== epoch) return undefined;
  }
  return entry.value;
}
