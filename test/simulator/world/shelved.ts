// When all is over, records have left the objects: each is on its shelf once and as it was, and lists and counts tell
// all of them.

import { openRecordSegments, openRecordTable } from "simulated:product";
import { type ActivationMeta, type ActivationRecord, completionOf } from "../../../src/entities/activation.ts";
import { timeOf } from "../../../src/entities/activation-id.ts";
import { countActivations, listActivations, type RecordPlaces } from "../../../src/invocation/record-list.ts";
import type { Finished } from "../../../src/protocol/rpc.ts";
import { counted } from "./counted.ts";
import { moved, placed } from "./moved.ts";
import type { World } from "./world.ts";

/** By then (ms after the last fault, in these worlds' hurried time) all has been handed over. */
const HANDED_BY = 240_000;
/** The same where all have to be moved besides. */
const MOVED_BY = 900_000;
const LOOK_EVERY = 5_000;
/** By then (ms) tombstones are gone. */
const FORGOTTEN_AFTER = 90_000;
const SAID_AGAIN = 3;

/** `namespaces`: by id, of every activation that is known. */
export async function shelved(
  world: World,
  records: ReadonlyMap<string, ActivationRecord>,
  namespaces: ReadonlyMap<string, string>,
): Promise<void> {
  const { kernel, history, outside } = world;
  let done = false;
  const look = async (): Promise<void> => {
    if (left(world) > 0 || !(await moved(world))) return kernel.after(LOOK_EVERY, outside, again) as never;
    for (const plan of world.scenario.namespaces) {
      const { uuid, storing } = plan;
      const ids = [...records.keys()].filter((id) => namespaces.get(id) === uuid);
      await counted(world, plan, await listed(world, uuid, storing ? ids : []));
    }
    placed(world);
    done = true;
  };
  const late = async (): Promise<void> => {
    for (const id of [...records.keys()].slice(0, SAID_AGAIN)) await sayAgain(world, id, namespaces.get(id) ?? "");
    done = true;
  };
  const again = (): void => {
    look().catch(() => kernel.after(LOOK_EVERY, outside, again));
  };
  kernel.after(LOOK_EVERY, outside, again);
  await kernel.run(kernel.elapsed + (world.movesUntil !== null ? MOVED_BY : HANDED_BY), () => done);
  if (!done) history.violate(`${left(world)} records were never handed over, or could not be listed`);
  done = false;
  kernel.after(FORGOTTEN_AFTER, outside, () => void late());
  await kernel.run(kernel.elapsed + FORGOTTEN_AFTER + HANDED_BY, () => done);
  if (!done) history.violate("a store did not hear what a host said again");
}

/** A host that was away for long says again how a run ended: what has a record has it for good. */
async function sayAgain(world: World, id: string, namespaceId: string): Promise<void> {
  const plan = world.scenario.namespaces.find((each) => each.uuid === namespaceId);
  if (plan === undefined || !plan.storing) return;
  const { name } = plan;
  const about: ActivationMeta = {
    ...{ namespace: name, namespaceId, subject: name, name: "again", version: "0.0.1", path: `${name}/again` },
    ...{ kind: "nodejs:20", limits: { timeout: 1_000, memory: 128, logs: 1, concurrency: 1 } },
    ...{ acceptedAt: timeOf(id), transactionId: "again" },
  };
  const completion = completionOf({ statusCode: 0, result: '{"again":1}' }, { ran: true });
  const finished: Finished = { id, attempt: 1, lease: { epoch: 1, counter: 1 }, about, completion };
  await world.storeOf(id, namespaceId).complete([finished], { scheduler: "away/0", epoch: 1 });
}

function left(world: World): number {
  const counts = world
    .nodes("store")
    .map(({ shelf }) => shelf.sql.exec<{ n: number }>("SELECT count(*) AS n FROM records WHERE kept = 1").one().n);
  return counts.reduce((sum, each) => sum + each, 0);
}

/** How many there are. */
async function listed(world: World, uuid: string, wanted: readonly string[]): Promise<number> {
  const nodes = world.nodes("store").filter((node) => node.name.startsWith(uuid));
  const { env } = world.platform;
  const places: RecordPlaces = {
    stores: nodes.map((node) => world.bindings.ACTIVATIONS.getByName(node.name)),
    namespaceIds: [uuid],
    table: openRecordTable(env),
    segments: openRecordSegments(env),
    mode: world.mode,
    warn: () => undefined,
  };
  const found: ActivationRecord[] = [];
  for await (const record of listActivations(places, { limit: 100_000, skip: 0, docs: true })) found.push(record);
  const ids = new Set(found.map((each) => each.activationId));
  const { history } = world;
  if (ids.size !== found.length) history.violate(`the list of ${uuid} names an id twice`);
  for (const record of found) world.read(record.activationId, record);
  for (const id of wanted) if (!ids.has(id)) history.violate(`the list of ${uuid} lacks ${id}`);
  const count = await countActivations(places, { skip: 0 });
  if (count !== found.length) history.violate(`of ${found.length} records of ${uuid} ${count} were counted`);
  return found.length;
}
