// `npm run bench -- ledger`: how large the database of one object becomes over very many activations in one day
// (nothing that an object keeps for a while ends before), and what is left of it two days later. The object's core over
// SQLite in memory, with a clock of its own, and places for records that take all and keep nothing. Ends with 1 where
// it is larger than the object may hold.

import { parseArgs } from "node:util";
import { RECORD_BOUNDS } from "../../src/entities/record-bounds.ts";
import { HandoverWorld, NOBODY } from "../durable-objects/activations/handover-world.ts";
import { completed } from "../durable-objects/calls.ts";
import { modeOf } from "./record-maker.ts";

const { values } = parseArgs({
  options: { activations: { type: "string", default: "1000000" }, mode: { type: "string", default: "d1" } },
});
const count = Number(values.activations);
const MINUTE = 60_000;
const DAY_MINUTES = 1_440;
/** Characters of a result: a record is some 900 then. */
const RESULT = 300;
const COMPLETION = completed(JSON.stringify("x".repeat(RESULT)));

const world = new HandoverWorld(modeOf(values.mode));
let made = 0;
let largest = 0;
for (let minute = 1; minute <= DAY_MINUTES; minute++) {
  const until = Math.floor((count * minute) / DAY_MINUTES);
  const pace = MINUTE / Math.max(1, until - made);
  const began = world.clock.at;
  for (; made < until; made++) {
    world.clock.at += pace;
    const call = world.call();
    const done = { ...{ id: call.id, attempt: 1, about: call.about }, completion: COMPLETION };
    world.core.complete([{ ...done, lease: { epoch: 1, counter: 1 } }], NOBODY);
  }
  await world.advance(Math.max(1, began + MINUTE - world.clock.at));
  largest = Math.max(largest, sizeOf());
  forget();
  if (minute % 144 === 0) console.error(`${made} activations, ${mb(sizeOf())} MB, ${world.own} records in the object`);
}
const own = world.own;
for (let hour = 0; hour < 49; hour++) {
  await world.advance(60 * MINUTE);
  forget();
}
const left = world.database.sql.exec<{ n: number }>("SELECT count(*) AS n FROM records").one().n;
const free = world.database.sql.exec<{ freelist_count: number }>("PRAGMA freelist_count").one().freelist_count;
console.log("| what | figure | target |\n|---|---|---|");
console.log(
  `| ${values.mode}: an object's database over ${made} activations in a day, at most | ${mb(largest)} MB | ` +
    `≤ ${mb(RECORD_BOUNDS.ledgerBytes)} MB |`,
);
console.log(`| records in it at the end of the day; with tombstones two days later | ${own}; ${left} | few |`);
console.log(`| of it in use two days later | ${mb(sizeOf() - free * pageSize())} MB | |`);
if (largest > RECORD_BOUNDS.ledgerBytes) process.exitCode = 1;

function sizeOf(): number {
  return world.database.sql.exec<{ page_count: number }>("PRAGMA page_count").one().page_count * pageSize();
}

function pageSize(): number {
  return world.database.sql.exec<{ page_size: number }>("PRAGMA page_size").one().page_size;
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}

/** What the places have is not kept: it is not measured here. */
function forget(): void {
  world.shelves.table.rows.clear();
  world.shelves.table.batches.length = 0;
  world.shelves.segments.objects.clear();
}
