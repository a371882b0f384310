// On one machine alarms are lost with workerd: what an object was about to hand over waits until somebody asks it
// something. Here each is asked once in the life of an isolate, a bounded piece each minute, and sets its alarm again.

import { type MovePorts, moveRecords } from "./move.ts";

export class RecordWaker {
  /** Name after which the next round begins; null: all have been asked. */
  #after: string | null = "";

  /** Rejects if the namespaces cannot be read: the next round begins where this one did. */
  async round(ports: MovePorts): Promise<void> {
    if (this.#after === null) return;
    const asked = await moveRecords(ports, { to: null, after: this.#after });
    if (asked.ok) this.#after = asked.value.next;
  }
}
