// Lets a world come to rest and judges its history: one terminal record per id that left the platform, one start at
// most, answers that agree with records, limits kept, nothing left waiting.

import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { neverStarted } from "./barred.ts";
import { composed } from "./composed.ts";
import { restartPlatform } from "./faults.ts";
import { fired } from "./fired.ts";
import type { Call } from "./history.ts";
import { LIAR, LIE } from "./liar.ts";
import { isStuck, linesOf, rightlyStuck } from "./matched.ts";
import { type Fault, PAIR, QUEUE_TIME } from "./scenario.ts";
import { shelved } from "./shelved.ts";
import { throttled } from "./throttled.ts";
import type { World } from "./world.ts";

/** Steps of a composition, nested ones counted, that may wait one after the other for a host that never comes. */
const MAX_WAITING_STEPS = 20;
/** After the last fault everything must have ended by then (ms): the longest row deadline, and steps that wait, each
 * for as long as anything may. */
export const REST = 400_000 + MAX_WAITING_STEPS * QUEUE_TIME * 1_000;
/** A caller who waits hears of the end within this time (ms), logs included. */
const PROMPT = 3_000;
const LOSSY: ReadonlySet<Fault> = new Set([
  "host-freeze",
  "socket-half-open",
  "container-hang",
  "pair-crash",
  "scheduler-split",
]);
const LOOK_EVERY = 2_000;
/** A guarantor that died within this time after the call (ms) may not have opened the row yet. */
const ROW_OPEN = 2_000;
/** Where calls are lost it takes a try more. */
const ROW_OPEN_ROUGH = 15_000;

export interface Verdict {
  calls: number;
  /** Calls that were taken on. */
  accepted: number;
  success: number;
  /** Ended as whisk internal errors. */
  lost: number;
  /** Ended because no host took them in time. */
  stuck: number;
  starts: number;
  /** Compositions that have a record. */
  compositions: number;
  /** Triggers whose fire was accepted. */
  fires: number;
  /** Ids whose only keepers were all lost within the first moments (PROTOCOL.md names the case). */
  excused: number;
  /** ms from the last fault until everything had ended. */
  rested: number;
}

export async function judge(world: World): Promise<Verdict> {
  const { history, kernel, scenario } = world;
  const records = new Map<string, ActivationRecord>();
  await rest(world, records);
  const rested = kernel.elapsed - scenario.length;
  const excused = missing(world, records);
  deceived(world, records);
  answers(world, records);
  throttled(world);
  neverStarted(world);
  prompt(world);
  const fires = fired(world, records);
  const compositions = composed(world);
  if (lossless(world)) faithful(world, records);
  await shelved(world, records, known(world));
  await reread(world, records);
  let accepted = 0;
  let success = 0;
  let lost = 0;
  let stuck = 0;
  for (const call of history.calls) {
    const id = idOf(call);
    if (id === null) continue;
    accepted++;
    const record = records.get(id);
    if (isStuck(record)) stuck++;
    else if (record?.statusCode === 3) lost++;
    if (record?.statusCode === 0) success++;
    else if (record !== undefined && scenario.profile === "calm") calm(world, call, record);
  }
  return {
    calls: history.calls.length,
    accepted,
    success,
    lost,
    stuck,
    starts: history.starts.length,
    compositions,
    fires,
    excused,
    rested,
  };
}

/** Ids that left the platform, with their namespace. */
function known(world: World): Map<string, string> {
  const ids = new Map<string, string>();
  for (const call of world.history.calls) {
    const id = idOf(call);
    if (id !== null) ids.set(id, call.namespace);
  }
  for (const start of world.history.starts) ids.set(start.id, start.namespace);
  // Its steps know it as their cause.
  for (const run of world.history.runs)
    if (world.history.starts.some((each) => each.call === run.call)) ids.set(run.id, run.namespace);
  return ids;
}

function idOf(call: Call): string | null {
  return call.told !== null && "id" in call.told ? call.told.id : null;
}

async function rest(world: World, records: Map<string, ActivationRecord>): Promise<void> {
  const { kernel, history, outside, scenario } = world;
  let done = false;
  const look = async (): Promise<void> => {
    // What left before the faults stopped may still be on its way.
    const { spike, spikeLength } = scenario.weather;
    const started = history.starts.length;
    let open = spike > 0 && kernel.elapsed < scenario.length + spikeLength;
    open ||= history.calls.some((call) => call.told === null) || history.starts.some((start) => !over(world, start));
    for (const [id, namespace] of known(world)) {
      if (records.has(id) && !kernel.random.chance(0.2)) continue;
      const record = await recordOf(world, id, namespace);
      if (record === null) open ||= !records.has(id) && !isCounted(world, id, namespace) && !allKeepersLost(world, id);
      else {
        records.set(id, record);
        world.read(id, record);
      }
    }
    for (const node of world.nodes("store")) {
      const { waiting, running, fires } = await world.bindings.ACTIVATIONS.getByName(node.name).backlog();
      open ||= waiting + running + fires > 0;
    }
    done ||= !(await linesOf(world));
    for (const node of world.nodes("composition")) {
      const { running } = await world.bindings.COMPOSITION.getByName(node.name).backlog();
      open ||= running > 0;
    }
    open ||= world.hosts.some((host) => !host.connected || host.unconfirmed > 0);
    // A step may have begun and ended while we looked.
    open ||= history.starts.length > started;
    if (!open) {
      await leftovers(world);
      done = true;
    }
    if (!done) kernel.after(LOOK_EVERY, outside, again);
  };
  const again = (): void => {
    look().catch(() => kernel.after(LOOK_EVERY, outside, again));
  };
  kernel.after(0, outside, again);
  await kernel.run(scenario.length + REST, () => done);
  for (const { plan, unconfirmed } of done ? [] : world.hosts) {
    if (unconfirmed > 0) history.violate(`${unconfirmed} records of ${plan.name} were never confirmed`);
  }
}

/** When all is over, no scheduler thinks that anything runs. */
async function leftovers(world: World): Promise<void> {
  for (const node of world.nodes("scheduler")) {
    // What it claims to run is its own affair.
    if (node.name.startsWith(`${LIAR}/`)) continue;
    const { used, running } = await world.bindings.SCHEDULER.getByName(node.name).status();
    if (used > 0 || running > 0) world.history.violate(`${node.label} still counts ${running} runs and ${used} MB`);
  }
}

/** As a caller reads it; where storing is off, as it lies in the store, since nobody may read it. */
async function recordOf(world: World, id: string, namespace: string): Promise<ActivationRecord | null> {
  const store = world.storeOf(id, namespace);
  const { record } = await store.get(id);
  if (record !== null || world.scenario.namespaces.some((each) => each.uuid === namespace && each.storing))
    return record;
  return (await store.await(id, { ms: 1 })).record;
}

/** Where storing is off: the store knows that it has ended, though the record may have been emptied by now. */
function isCounted(world: World, id: string, namespace: string): boolean {
  if (world.scenario.namespaces.some((each) => each.uuid === namespace && each.storing)) return false;
  const stores = world.nodes("store").filter((node) => node.name.startsWith(namespace));
  return stores.some(({ shelf }) => shelf.sql.exec("SELECT 1 FROM records WHERE id = ?", id).toArray().length > 0);
}

/** Its end is known, or it died with its host. */
function over(world: World, start: { boot: string; endedAt: number | null }): boolean {
  return start.endedAt !== null || world.hosts.some((host) => host.deaths.some((death) => death.boot === start.boot));
}

function missing(world: World, records: Map<string, ActivationRecord>): number {
  let excused = 0;
  for (const call of world.history.calls) {
    if (call.told === null) world.history.violate(`call ${call.number} was never answered`);
  }
  for (const [id, namespace] of known(world)) {
    if (records.has(id) || isCounted(world, id, namespace)) continue;
    if (allKeepersLost(world, id)) excused++;
    else world.history.violate(`${id} has no terminal record`);
  }
  return excused;
}

/** Worker, scheduler and host were all lost before any of them could pass the id on. */
function allKeepersLost(world: World, id: string): boolean {
  const { history, isolates, hosts, scenario } = world;
  const start = history.starts.find((each) => each.id === id);
  if (start === undefined) return false;
  const call = history.calls.find((each) => each.number === start.call);
  if (call === undefined || call.composition === true || !call.blocking || idOf(call) !== null) return false;
  const isolate = isolates.find((each) => each.label === call.isolate);
  const rowOpen = scenario.weather.loss > 0 ? ROW_OPEN_ROUGH : ROW_OPEN;
  if (isolate?.lostAt == null || isolate.lostAt > call.sentAt + rowOpen) return false;
  const died = hosts.flatMap((host) => host.deaths).some((death) => death.boot === start.boot);
  const objects = /^(scheduler-|platform-|pair-)/;
  return died && scenario.faults.some((plan) => objects.test(plan.fault) && plan.at + PAIR >= start.at);
}

/** Nobody believes a host about what it was not given. */
function deceived(world: World, records: Map<string, ActivationRecord>): void {
  for (const [id, { result, name }] of records) {
    const text = "inline" in result ? result.inline : result.blob;
    if (text === LIE || name === "another") world.history.violate(`${id} is what a liar says`);
  }
  for (const { told, number } of world.history.calls) {
    if (told?.kind === "result" && told.result === LIE) world.history.violate(`call ${number} was answered by a liar`);
  }
}

/** What a caller was told is what the record says. */
function answers(world: World, records: Map<string, ActivationRecord>): void {
  for (const call of world.history.calls) {
    const { told } = call;
    if (told?.kind !== "result") continue;
    const record = records.get(told.id);
    if (record === undefined) continue;
    const result = "inline" in record.result ? record.result.inline : record.result.blob;
    if (record.statusCode === told.statusCode && result === told.result) continue;
    const heard = `${told.statusCode} ${told.result}`;
    world.history.violate(`${told.id}: the caller heard ${heard}, the record says ${record.statusCode} ${result}`);
  }
}

/** Faults after which every run that a container has answered must have that answer as its record, and every run that
 * was started an answer: all but those that take a run with them,
 * or make a host look dead for longer than a scheduler waits. */
function lossless(world: World): boolean {
  const { profile, faults } = world.scenario;
  if (profile === "calm") return true;
  return (
    profile === "single" &&
    faults.every(({ fault, length }) => !LOSSY.has(fault) && (fault !== "host-kill" || length < 9_000))
  );
}

function faithful(world: World, records: Map<string, ActivationRecord>): void {
  for (const { id, call, result, boot } of world.history.starts) {
    const record = records.get(id);
    if (record === undefined) continue;
    const text = "inline" in record.result ? record.result.inline : null;
    if (text === result) continue;
    if (isUnknown(world, call, record)) continue;
    if (result === null && world.hosts.some((host) => host.deaths.some((death) => death.boot === boot))) continue;
    world.history.violate(`call ${call} was answered ${result}, its record says ${text}`);
  }
}

/** A caller on the fast path whose scheduler threw was told, at the end of his wait, that the outcome is unknown;
 * that holds. */
function isUnknown(world: World, number: number, record: ActivationRecord): boolean {
  const told = world.history.calls.find((each) => each.number === number)?.told;
  return told?.kind === "result" && told.statusCode === 3 && record.statusCode === 3;
}

/** Callers who wait are told as soon as it is over. */
function prompt(world: World): void {
  const { history, scenario } = world;
  if (scenario.profile !== "calm") return;
  for (const call of history.calls) {
    if (!call.blocking || call.composition === true || call.told?.kind !== "accepted") continue;
    const start = history.starts.find((each) => each.call === call.number);
    const ended = start?.endedAt ?? Number.POSITIVE_INFINITY;
    if (ended + PROMPT < (call.toldAt ?? 0))
      history.violate(`call ${call.number} ended at ${ended} and its caller waited on`);
  }
}

/** Without faults every run that its container answered well is a success. */
function calm(world: World, call: Call, record: ActivationRecord): void {
  if (record.statusCode === 2 || rightlyStuck(world, call, record)) return;
  // A step of it may have been what no host could run.
  if (call.composition === true) return;
  const result = "inline" in record.result ? record.result.inline : "";
  world.history.violate(`call ${call.number} failed without any fault: ${record.statusCode} ${result}`);
}

/** The whole platform restarts; every record is still there and still the same. */
async function reread(world: World, records: Map<string, ActivationRecord>): Promise<void> {
  const { kernel, history, outside } = world;
  restartPlatform(world);
  const until = kernel.elapsed + 60_000;
  let done = false;
  const look = async (): Promise<void> => {
    for (const [id, namespace] of known(world)) {
      const record = await recordOf(world, id, namespace);
      const kept = world.scenario.namespaces.some((each) => each.uuid === namespace && each.storing);
      if (record !== null) world.read(id, record);
      else if (records.has(id) && kept) history.violate(`record of ${id} is gone after a restart`);
    }
    for (const node of world.nodes("store")) {
      const list = await world.bindings.ACTIVATIONS.getByName(node.name).page({}, 1_000);
      const ids = list.records.map((each) => each.activationId);
      if (new Set(ids).size !== ids.length) history.violate(`${node.label} lists an id twice`);
    }
    done = true;
  };
  const again = (): void => {
    look().catch(() => kernel.after(LOOK_EVERY, outside, again));
  };
  kernel.after(15_000, outside, again);
  await kernel.run(until, () => done);
  if (!done) history.violate("records could not be read after a restart");
}
