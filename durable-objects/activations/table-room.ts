// How full the database is that this object's records go to: from four fifths on operators are told, from nine tenths
// on the oldest leave early, so that it never refuses one. Each object that brings records sees to it that more leave
// than it has brought.

import type { RecordShelves } from "../../src/storage/record-shelves.ts";
import { within } from "../shared/deadline.ts";
import type { ObjectPorts } from "../shared/ports.ts";

/** Parts of the bound. */
const TOLD_AT = 0.8;
const RELIEVED_AT = 0.9;
/** Records that leave for each that comes. */
const FACTOR = 2;
const MAX_PRUNED = 500;
/** ms the table may take to answer. */
const PATIENCE = 10_000;

interface Options {
  namespaceId: string;
  ports: Pick<ObjectPorts, "warn" | "after"> & { forget(keys: string[]): void };
  shelves: RecordShelves;
  /** Takes older records from the table that are in segments as well. False: there are none. */
  relieve: () => boolean;
}

export class TableRoom {
  readonly #options: Options;
  /** Each once. */
  readonly #said = new Set<string>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** `count` records have come, and the database has so many bytes now. */
  async came(count: number, bytes: number): Promise<void> {
    const { shelves, ports, namespaceId, relieve } = this.#options;
    const { databaseBytes } = shelves.bounds;
    const part = bytes / databaseBytes;
    if (part < TOLD_AT) return;
    const percent = `the database of records is filled to ${Math.floor(part * 100)} % of ${Math.round(databaseBytes / 1e6)} MB`;
    if (part < RELIEVED_AT) return this.#say("filling", `${percent}: from 90 % on the oldest leave early`);
    if (shelves.mode === "d1+r2") {
      if (relieve()) this.#say("left", `${percent}: the oldest are in R2 alone from now on`);
      else
        this.#say(
          "stays",
          `${percent}, and none of this object's older records is in R2: edgewhisk records move --to d1+r2`,
        );
      return;
    }
    const table = await shelves.tableOf(namespaceId);
    const blobs = await table.prune(Math.min(MAX_PRUNED, count * FACTOR));
    if (blobs.length > 0) ports.forget(blobs);
    this.#say("pruned", `${percent}: the oldest are deleted, and counted as pruned`);
  }

  /** It did not take records: perhaps it is full. */
  async refused(): Promise<void> {
    const { shelves, namespaceId, ports } = this.#options;
    const asked = shelves.tableOf(namespaceId).then((table) => table.bytes());
    const bytes = await within(ports.after, PATIENCE, asked);
    await within(ports.after, PATIENCE, this.came(MAX_PRUNED, bytes));
  }

  #say(what: string, text: string): void {
    if (!this.#said.has(what)) this.#options.ports.warn(text);
    this.#said.add(what);
  }
}
