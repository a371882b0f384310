// The mode of stores is changed while records are on their way, and older ones are ordered to where it has them;
// whoever moves them is lost again and again, at each step. A record that a list has told is in each later one, once,
// and in the end it lies where the mode has it, and nowhere else.

import { openRecordSegments, openRecordTable } from "simulated:product";
import type { ActivationStoreMode } from "../../../src/entities/activation-store-mode.ts";
import { listActivations, type RecordPlaces } from "../../../src/invocation/record-list.ts";
import { readEntries } from "../platform/segment.ts";
import type { FaultPlan } from "./scenario.ts";
import type { World } from "./world.ts";

const MODES: ActivationStoreMode[] = ["d1", "r2", "d1+r2"];
/** ms from the change to the first records that are to be moved, so that some have left their objects by then. */
const ENOUGH = 12_000;
/** ms for which movers are lost, and between two lists. */
const LOST_FOR = 30_000;
const LISTED_EVERY = 1_700;

export function changeMode(world: World, plan: FaultPlan): void {
  const { kernel, outside } = world;
  const at = Math.max(0, world.scenario.length - kernel.elapsed) + ENOUGH;
  world.movesUntil = kernel.elapsed + at + LOST_FOR;
  kernel.after(at, outside, () => {
    const others = MODES.filter((mode) => mode !== world.mode);
    world.mode = others[Math.floor(plan.victim * others.length)] ?? "d1";
    world.platform.env.ACTIVATION_STORE = world.mode;
    kernel.trace(`the mode is ${world.mode}`);
    loseAll(world);
    // Some of them between what they have written and their knowing it.
    let writes = 0;
    world.shelves.written = () => {
      if (kernel.elapsed < (world.movesUntil ?? 0) && ++writes % 3 === 1)
        kernel.after(0, outside, () => loseAll(world));
    };
    for (let ms = 0; ms <= LOST_FOR; ms += 50 + plan.victim * 700) kernel.after(ms, outside, () => loseAll(world));
    const seen = new Map<string, Set<string>>();
    for (let ms = 0; ms <= LOST_FOR; ms += LISTED_EVERY) kernel.after(ms, outside, () => void look(world, seen));
    order(world);
  });
}

/** Whether all that is to be moved has been. Orders what nobody has ordered yet. */
export async function moved(world: World): Promise<boolean> {
  if (world.movesUntil === null) return true;
  if (world.kernel.elapsed <= world.movesUntil) return false;
  let done = true;
  for (const { name } of world.nodes("store")) {
    const progress = await world.bindings.ACTIVATIONS.getByName(name).move(null);
    if (progress?.to !== world.mode) await world.bindings.ACTIVATIONS.getByName(name).move(world.mode);
    done &&= progress?.to === world.mode && progress.state === "done";
  }
  return done && isTidy(world);
}

/** What is in the places is what the mode has there: looked at when all has been handed over and moved. */
export function placed(world: World): void {
  if (world.movesUntil === null) return;
  const { sql, objects } = world.shelves;
  const rows = sql
    .exec<{ id: string }>("SELECT id FROM records")
    .toArray()
    .map((row) => row.id);
  const members = [...objects.values()].flatMap((bytes) => readEntries(bytes).map((entry) => entry.id));
  const violate = (text: string): void => world.history.violate(`${text} once the mode is ${world.mode}`);
  if (new Set(members).size !== members.length) violate("a record is in two segments");
  if (world.mode === "d1" && members.length > 0) violate(`${members.length} records are in segments still`);
  if (world.mode === "r2" && rows.length > 0) violate(`${rows.length} records are in the table still`);
  if (world.mode !== "d1+r2") return;
  const table = new Set(rows);
  for (const id of members) if (!table.delete(id)) violate(`${id} is in a segment only`);
  for (const id of table) violate(`${id} is in the table only`);
}

/** Segments that are known no more are gone. */
function isTidy(world: World): boolean {
  const known = world.nodes("store").flatMap(({ shelf }) => shelf.sql.exec("SELECT key FROM segments").toArray());
  return known.length === world.shelves.objects.size;
}

function loseAll(world: World): void {
  for (const node of world.nodes("store")) node.crash("fault");
}

function order(world: World): void {
  const { kernel, outside } = world;
  for (const { name } of world.nodes("store")) {
    const ask = (): void => {
      kernel.owner = outside;
      const order = world.bindings.ACTIVATIONS.getByName(name).move(world.mode);
      order.catch(() => kernel.after(500, outside, ask));
    };
    ask();
  }
}

/** What one list has told, the next one has. */
async function look(world: World, seen: Map<string, Set<string>>): Promise<void> {
  for (const { uuid, storing } of world.scenario.namespaces) {
    if (!storing) continue;
    const before = seen.get(uuid) ?? new Set<string>();
    let ids: string[];
    try {
      ids = await idsOf(world, uuid);
    } catch {
      // A store was lost while it was asked.
      return;
    }
    const now = new Set(ids);
    if (now.size !== ids.length) world.history.violate(`while records are moved the list of ${uuid} names an id twice`);
    for (const id of before)
      if (!now.has(id)) world.history.violate(`while records are moved the list of ${uuid} lacks ${id}`);
    for (const id of ids) before.add(id);
    seen.set(uuid, before);
  }
}

async function idsOf(world: World, uuid: string): Promise<string[]> {
  world.kernel.owner = world.outside;
  const { env } = world.platform;
  const places: RecordPlaces = {
    stores: world
      .nodes("store")
      .filter((node) => node.name.startsWith(uuid))
      .map((node) => world.bindings.ACTIVATIONS.getByName(node.name)),
    namespaceIds: [uuid],
    table: openRecordTable(env),
    segments: openRecordSegments(env),
    mode: world.mode,
    warn: () => undefined,
  };
  const ids: string[] = [];
  for await (const record of listActivations(places, { limit: 100_000, skip: 0, docs: true }))
    ids.push(record.activationId);
  return ids;
}
