// Where an activation is, as far as its object knows: for whoever looks for its record. Reads only.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { ActivationStoreMode } from "../../src/entities/activation-store-mode.ts";
import type { LedgerPlace, RecordShelf } from "../../src/protocol/upkeep.ts";
import type { Sql } from "../shared/schema.ts";
import { PLACES } from "./handover-plan.ts";
import { HANDED_FOR, UNKEPT_FOR } from "./records.ts";
import { WAITING } from "./schema.ts";
import { Segments } from "./segments.ts";

const SHELVES = Object.keys(PLACES) as RecordShelf[];

type KeptRow = { kept: number; start: number; stored: number; places: number };
type HeldSegment = { segment: NonNullable<LedgerPlace["segment"]>; latest: number };

export function placeOf(id: ActivationId, { sql, mode }: { sql: Sql; mode: ActivationStoreMode | null }): LedgerPlace {
  const nowhere = { shelves: [], lacking: [], moving: [] };
  const [row] = sql
    .exec<{ state: number; accepted: number }>("SELECT state, accepted FROM rows WHERE id = ?", id)
    .toArray();
  if (row !== undefined) {
    return { state: row.state === WAITING ? "waiting" : "running", since: row.accepted, ...nowhere };
  }
  const [fire] = sql
    .exec<{ since: number | null }>("SELECT fire ->> '$.about.acceptedAt' AS since FROM fires WHERE id = ?", id)
    .toArray();
  if (fire !== undefined) return { state: "fired", ...(fire.since === null ? {} : { since: fire.since }), ...nowhere };
  const held = segmentOf(id, sql);
  const from = keptFrom(sql);
  const [kept] = sql.exec<KeptRow>("SELECT kept, start, stored, places FROM records WHERE id = ?", id).toArray();
  if (kept === undefined) {
    if (held === undefined) return { state: "none", ...nowhere };
    const { segment, latest } = held;
    return { state: "shelved", ...nowhere, shelves: ["r2"], segment, ...prunedIf(latest < from) };
  }
  return {
    ...recordPlace(kept, { mode, moving: movingTo(id, sql) }),
    ...(held === undefined ? {} : { segment: held.segment }),
    ...prunedIf(kept.kept !== 0 && kept.start < from),
  };
}

function prunedIf(isPruned: boolean): Pick<LedgerPlace, "pruned"> {
  return isPruned ? { pruned: true } : {};
}

function recordPlace(
  { kept, stored, places }: KeptRow,
  { mode, moving }: { mode: ActivationStoreMode | null; moving: RecordShelf[] },
): LedgerPlace {
  const nowhere = { shelves: [], lacking: [], moving: [] };
  if (kept === 0) return { state: "unstored", since: stored, until: stored + UNKEPT_FOR, ...nowhere };
  const shelves = SHELVES.filter((shelf) => (places & PLACES[shelf]) !== 0);
  if (kept !== 1) return { state: "handed", since: stored, until: stored + HANDED_FOR, ...nowhere, shelves };
  const wanted = SHELVES.filter((shelf) => mode === "d1+r2" || mode === shelf);
  return { state: "here", since: stored, shelves, lacking: wanted.filter((each) => !shelves.includes(each)), moving };
}

function movingTo(id: ActivationId, sql: Sql): RecordShelf[] {
  return sql
    .exec<{ shelf: RecordShelf }>(
      "SELECT shelf FROM flights WHERE EXISTS (SELECT 1 FROM json_each(flights.ids) WHERE value = ?)",
      id,
    )
    .toArray()
    .map((each) => each.shelf);
}

function segmentOf(id: ActivationId, sql: Sql): HeldSegment | undefined {
  const found = new Segments(sql).keyOf(id);
  if (found === undefined) return undefined;
  const { latest, ...segment } = sql
    .exec<HeldSegment["segment"] & { latest: number }>(
      "SELECT key, bytes, count, twin, max_start AS latest FROM segments WHERE key = ?",
      found,
    )
    .one();
  return { segment, latest };
}

/** Epoch ms: what started before is not kept. */
function keptFrom(sql: Sql): number {
  const [row] = sql.exec<{ value: number }>("SELECT value FROM counters WHERE name = 'kept_from'").toArray();
  return row?.value ?? 0;
}
