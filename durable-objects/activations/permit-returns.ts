// The places of calls that run at a time, given back to their namespace as activations end: at once by the store that
// has the row. A call of the fast path has none; whoever called gives its place back himself, and the store tells the
// same only lest he was lost: a while later, of many in one go, so that a call costs no message.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Ended } from "./ended.ts";
import type { StorePorts } from "./ports.ts";

/** ms that the places of calls without a row wait for others, and how many wait at most. */
const LATER_MS = 1_000;
const MAX_LATER = 1_000;

type Places = Map<string, ActivationId[]>;

/** Owns what is to be told later. What an object that is lost has not told is free when its slot is over. */
export class PermitReturns {
  readonly #ports: Pick<StorePorts, "leave" | "after">;
  #later: Places = new Map();
  #count = 0;

  constructor(ports: Pick<StorePorts, "leave" | "after">) {
    this.#ports = ports;
  }

  /** Nearly all namespaces have no limits, and nothing is to be given back. */
  giveBack(ended: readonly Ended[]): void {
    const now: Places = new Map();
    for (const { record, namespaceId, permit } of ended) {
      if (permit === "store") add(now, namespaceId, record.activationId);
      else if (permit === "caller") this.#add(namespaceId, record.activationId);
    }
    this.#tell(now);
    if (this.#count >= MAX_LATER) this.#tellLater();
  }

  #add(namespaceId: string, id: ActivationId): void {
    if (this.#count++ === 0) this.#ports.after(LATER_MS, () => this.#tellLater());
    add(this.#later, namespaceId, id);
  }

  #tellLater(): void {
    const told = this.#later;
    this.#later = new Map();
    this.#count = 0;
    this.#tell(told);
  }

  #tell(places: Places): void {
    for (const [namespaceId, ids] of places) this.#ports.leave(namespaceId, ids);
  }
}

function add(places: Places, namespaceId: string, id: ActivationId): void {
  const ids = places.get(namespaceId);
  if (ids === undefined) places.set(namespaceId, [id]);
  else ids.push(id);
}
