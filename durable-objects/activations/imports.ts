// Records that come from an export: kept and handed over as others are, while no waiter, rule or figure hears of them.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { ImportedRecord, ImportWord } from "../../src/protocol/import.ts";
import type { Records } from "./records.ts";

export interface Intake {
  records: Records;
  isOpen(id: ActivationId): boolean;
  /** Whether no more records are taken. */
  isFull: boolean;
  now: number;
}

/** To be asked once old ids have been recalled. */
export function importable(ids: readonly ActivationId[], { records, isOpen, isFull }: Intake): ImportWord[] {
  return ids.map((id) => (isOpen(id) ? "open" : records.has(id) ? "known" : isFull ? "full" : "taken"));
}

/** The same, and what can be taken is. To be run in a transaction. */
export function takeImported(items: readonly ImportedRecord[], ports: Intake): ImportWord[] {
  return items.map(({ record, name }) => {
    const [word = "open"] = importable([record.activationId], ports);
    if (word !== "taken") return word;
    return ports.records.keep(record, { name, kept: true, now: ports.now }) ? "taken" : "known";
  });
}
