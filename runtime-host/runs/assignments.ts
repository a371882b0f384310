// What one scheduler shard has assigned to this host, and what the host may obey. Pure: messages and `now` in,
// decisions out; the simulator runs this class. Nothing here is written to disk: at a restart everything that ran is
// gone, the boot id says so, and a scheduler fences by its own epoch, which it keeps; so the highest epoch obeyed need
// not outlive the process.

import type { ActivationMeta } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import { containerOf, memoryOf, shareText, sharingOf } from "../../src/protocol/matching.ts";
import type { Lease, RunningItem } from "../../src/protocol/messages.ts";

export interface Key {
  id: ActivationId;
  attempt: number;
}

export interface Assignment extends Key {
  lease: Lease;
  about: ActivationMeta;
  /** Of the action. */
  revision: string;
  /** MB it holds; 0 once it has answered. */
  memory: number;
  /** When it was admitted. */
  since: number;
}

export type RunAdmission<R> =
  | { kind: "start"; assignment: Assignment }
  | { kind: "refuse"; reason: "stale" | "duplicate" | "draining" | "busy" }
  /** Ran here already and is not confirmed: answer with the kept record. */
  | { kind: "again"; record: R };

/** Runs that are over and confirmed are remembered this long, so that a late copy of their `run` starts nothing. */
const MAX_REMEMBERED = 8192;

/** `R`: whatever the owner needs to send an unacknowledged record again. */
export class Assignments<R> {
  #epoch = 0;
  #memory: number;
  #used = 0;
  #running = new Map<string, Assignment>();
  /** Runs that have not answered, by what shares containers. */
  #pools = new Map<string, number>();
  #unacknowledged = new Map<string, { key: Key; record: R }>();
  #past = new Set<string>();

  /** `memory`: MB this shard may fill. */
  constructor(memory: number) {
    this.#memory = memory;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** MB held by runs that have not answered. */
  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#unacknowledged.size;
  }

  /** True if this incarnation is to be obeyed: it is the newest one heard of. */
  obey(epoch: number): boolean {
    if (epoch < this.#epoch) return false;
    this.#epoch = epoch;
    return true;
  }

  /** Two incarnations of a scheduler may both send here; memory is counted on this side as well, because neither knows
   * what the other has granted. */
  admit(
    run: { epoch: number; lease: Lease; attempt: number; id: ActivationId; about: ActivationMeta; revision: string },
    state: { now: number; draining: boolean; full: boolean },
  ): RunAdmission<R> {
    if (!this.obey(run.epoch)) return { kind: "refuse", reason: "stale" };
    const name = nameOf(run);
    if (this.#running.has(name)) return { kind: "refuse", reason: "duplicate" };
    const kept = this.#unacknowledged.get(name);
    if (kept !== undefined) return { kind: "again", record: kept.record };
    if (this.#past.has(name)) return { kind: "refuse", reason: "duplicate" };
    if (state.draining) return { kind: "refuse", reason: "draining" };
    const { id, attempt, lease, about, revision } = run;
    const { memory } = about.limits;
    const pool = shareText(sharingOf(run));
    const others = this.#pools.get(pool) ?? 0;
    const container = containerOf(about);
    const cost = memoryOf(others + 1, container) - memoryOf(others, container);
    if (state.full || this.#used + cost > this.#memory) return { kind: "refuse", reason: "busy" };
    const assignment: Assignment = { id, attempt, lease, about, revision, memory, since: state.now };
    this.#running.set(name, assignment);
    this.#pools.set(pool, others + 1);
    this.#used += cost;
    return { kind: "start", assignment };
  }

  /** The container has answered: its memory is free, its logs may still come. */
  answered(assignment: Assignment): void {
    if (assignment.memory === 0) return;
    assignment.memory = 0;
    const pool = shareText(sharingOf(assignment));
    const container = containerOf(assignment.about);
    const left = (this.#pools.get(pool) ?? 1) - 1;
    if (left === 0) this.#pools.delete(pool);
    else this.#pools.set(pool, left);
    this.#used -= memoryOf(left + 1, container) - memoryOf(left, container);
  }

  /** The record is whole and kept. */
  finished(assignment: Assignment, record: R): void {
    this.answered(assignment);
    const name = nameOf(assignment);
    this.#running.delete(name);
    this.keep(assignment, record);
  }

  /** Never started, and will not be under this lease. It may come again under another one. */
  dropped(assignment: Assignment): void {
    this.answered(assignment);
    this.#running.delete(nameOf(assignment));
  }

  /** A record of an earlier boot, found on disk. */
  keep(key: Key, record: R): void {
    this.#unacknowledged.set(nameOf(key), { key: { id: key.id, attempt: key.attempt }, record });
  }

  /** Any incarnation may confirm: the store has the record, whoever says so. Returns what may be forgotten. */
  stored(items: readonly Key[]): R[] {
    const released: R[] = [];
    for (const item of items) {
      const name = nameOf(item);
      const kept = this.#unacknowledged.get(name);
      if (kept === undefined) continue;
      this.#unacknowledged.delete(name);
      released.push(kept.record);
      this.#past.add(name);
    }
    for (const oldest of this.#past) {
      if (this.#past.size <= MAX_REMEMBERED) break;
      this.#past.delete(oldest);
    }
    return released;
  }

  isKept(key: Key): boolean {
    return this.#unacknowledged.has(nameOf(key));
  }

  /** Records the store has not confirmed, oldest first. */
  unacknowledged(): R[] {
    return Array.from(this.#unacknowledged.values(), (each) => each.record);
  }

  /** Records the store has not confirmed, by name. */
  kept(): Key[] {
    return Array.from(this.#unacknowledged.values(), (each) => each.key);
  }

  /** What runs, in pages whose JSON text stays below `bytes`; at least one page, which may be empty. */
  inventory(bytes: number): RunningItem[][] {
    const pages: RunningItem[][] = [[]];
    let size = 0;
    for (const { id, attempt, lease, memory, about, revision } of this.#running.values()) {
      const item = { id, attempt, lease, memory, about, revision };
      // Three bytes per UTF-16 unit is the most UTF-8 takes.
      const weight = JSON.stringify(item).length * 3;
      if (size + weight > bytes && size > 0) {
        pages.push([]);
        size = 0;
      }
      pages.at(-1)?.push(item);
      size += weight;
    }
    return pages;
  }
}

export function nameOf(key: Key): string {
  return `${key.id}/${key.attempt}`;
}
