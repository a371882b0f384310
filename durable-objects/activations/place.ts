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

type KeptRow = { kept: number; stored: number; places: number };

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
  const segment = segmentOf(id, sql);
  const [kept] = sql.exec<KeptRow>("SELECT kept, stored, places FROM records WHERE id = ?", id).toArray();
  if (kept === undefined) {
    if (segment === undefined) return { state: "none", ...nowhere };
    return { state: "shelved", ...nowhere, shelves: ["r2"], segment };
  }
  return { ...recordPlace(kept, { mode, moving: movingTo(id, sql) }), ...(segment === undefined ? {} : { segment }) };
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

function segmentOf(id: ActivationId, sql: Sql): LedgerPlace["segment"] {
  const key = new Segments(sql).keyOf(id);
  if (key === undefined) return undefined;
  return sql
    .exec<NonNullable<LedgerPlace["segment"]>>("SELECT key, bytes, count, twin FROM segments WHERE key = ?", key)
    .one();
}
