// Schedules of the real clock: how late one is that has the platform for itself,
// and very many that are due in the same second.

import { setTimeout as sleep } from "node:timers/promises";
import { BASE, type EventPlatform, HEADERS, note, type Row } from "./event-platform.ts";
import { load, sampleOf } from "./load.ts";

const CALLERS = 16;
/** ms after which it is asked what has fired. */
const UNASKED_MS = 10_000;

interface Shown {
  schedule: { history: { slot: string; lateMs?: number; outcome: string }[] };
}

/** It fires each second, so that there is something to measure in a minute. */
export async function loneRow(events: EventPlatform, { fires }: { fires: number }): Promise<Row> {
  const trigger = "bench-lone";
  await events.trigger(trigger);
  await events.feed("alarms/alarm", "CREATE", { trigger, params: { cron: "* * * * * *", maxTriggers: fires } });
  const late = new Map<string, number>();
  for (let waited = 0; late.size < fires && waited < 3 * fires; waited++) {
    // The history keeps the last few.
    await sleep(1_000);
    const { schedule } = JSON.parse(await events.feed("alarms/alarm", "READ", { trigger })) as Shown;
    for (const { slot, lateMs } of schedule.history) if (lateMs !== undefined) late.set(slot, lateMs);
  }
  const { p50, p99, longest } = sampleOf([...late.values()]);
  note(`a lone schedule: ${late.size} fires, p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms`);
  const figure = `p99 ${p99} ms, p50 ${p50} ms (${late.size} fires)`;
  return { what: "lateness of a lone schedule", figure, target: "p99 ≤ 50 ms" };
}

export async function crowdRow(events: EventPlatform, { count }: { count: number }): Promise<Row> {
  const names = Array.from({ length: count }, (_, at) => `bench-crowd-${at}`);
  // Made first: what they take has no part in the time.
  const began = performance.now();
  await inParallel(names, async (name) => {
    await events.trigger(name);
  });
  const perTrigger = (performance.now() - began) / count;
  const due = Date.now() + 15_000 + 2 * perTrigger * count;
  await inParallel(names, async (trigger) => {
    await events.feed("alarms/once", "CREATE", { trigger, params: { date: due, deleteAfterFire: "false" } });
  });
  if (Date.now() > due - 1_000) throw new Error(`${count} schedules took too long to be made`);
  // Who asks meanwhile takes the time of those that fire: how late it was each tells afterwards.
  await sleep(due - Date.now() + UNASKED_MS);
  const since = performance.now();
  let late: number[] = [];
  let refused = 0;
  // Asked one after the other: who has fired says itself how late it was.
  for (let left = names; left.length > 0; ) {
    if (performance.now() - since > 120_000) throw new Error(`${left.length} of ${count} schedules did not fire`);
    await sleep(1_000);
    const shown = await inParallel(left, async (trigger) => {
      const { schedule } = JSON.parse(await events.feed("alarms/once", "READ", { trigger })) as Shown;
      return { trigger, history: schedule.history.filter((each) => each.lateMs !== undefined) };
    });
    const fired = shown.filter(({ history }) => history.length > 0);
    late = [...late, ...fired.map(({ history }) => Math.max(...history.map((each) => each.lateMs ?? 0)))];
    refused += fired.filter(({ history }) => history.length > 1 || history[0]?.outcome !== "fired").length;
    left = shown.filter(({ history }) => history.length === 0).map(({ trigger }) => trigger);
  }
  const { p50, longest } = sampleOf(late);
  note(`${count} schedules: p50 ${p50} ms, the last ${longest} ms; ${refused} not fired exactly once`);
  const plain = await plainFires(events, { count });
  note(`as many plain fires from ${CALLERS} callers: ${plain} ms until the last was answered`);
  const figure = `the last after ${longest} ms, p50 ${p50} ms; ${refused} not exactly once; as many plain fires take ${plain} ms`;
  return { what: `${count} schedules due in the same second`, figure, target: "all within 3 s, each once" };
}

/** ms that as many fires take whose callers wait for the ids: what the machine can do just now. */
async function plainFires(events: EventPlatform, { count }: { count: number }): Promise<number> {
  const trigger = "bench-crowd-plain";
  await events.trigger(trigger);
  await sleep(UNASKED_MS);
  const fire = () => ({ method: "POST" as const, path: `${BASE}/triggers/${trigger}`, headers: HEADERS, body: "{}" });
  const began = performance.now();
  await load(events.callers, fire, { callers: CALLERS, calls: count, status: 202 });
  return Math.round(performance.now() - began);
}

async function inParallel<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await run(items[at]!);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results;
}
