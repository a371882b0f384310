// What to conclude about a row that is out from what its scheduler says it holds. Pure.

import type { HoldsReply } from "../../src/protocol/rpc.ts";
import type { OutRow } from "./activation-rows.ts";
import { OFFERED } from "./schema.ts";

/** ms after which an offered row that nobody spoke of is asked about, and the longest time between two questions. */
export const ASK_AFTER = 5_000;
export const MAX_ASK_MS = 30_000;
/** A fast-path call's row has its Worker as guarantor; it is doubted later. */
export const RECHECK_OPEN_AFTER_MS = 15_000;

/** ms past its row's deadline for which a run may still be held: so long its record may be on its way. */
export const PROMISED_FOR_MS = 15 * 60_000;

export type Classification =
  | { kind: "wait" }
  | { kind: "held" }
  /** It never started: another attempt is safe. */
  | { kind: "again" }
  /** It may have started and nobody will report its outcome. */
  | { kind: "lost"; reason: string };

/** `reply`: null if the scheduler did not answer. */
export function classify(
  row: OutRow,
  reply: Omit<HoldsReply, "held"> | null,
  options: { held: boolean; now: number },
): Classification {
  const { now, held } = options;
  if (reply === null || !reply.ready) {
    if (held || now < row.deadline) return { kind: "wait" };
    return { kind: "lost", reason: "its scheduler gave no word until the run could not be alive any more" };
  }
  if (held) {
    if (now < row.deadline + PROMISED_FOR_MS) return { kind: "held" };
    return { kind: "lost", reason: "its host promised a record that never came" };
  }
  if (row.state === OFFERED) {
    // Epochs are taken per boot, so either tells that the host is the one the row was offered to.
    const sameHost = (row.boot !== "" && row.boot === reply.boot) || (row.epoch > 0 && row.epoch === reply.epoch);
    if (sameHost) return { kind: "again" };
    return { kind: "lost", reason: "its host was restarted" };
  }
  if (now - row.since < RECHECK_OPEN_AFTER_MS) return { kind: "wait" };
  return { kind: "lost", reason: "neither its scheduler nor its host knows of it any more" };
}
