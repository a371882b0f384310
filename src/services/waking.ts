// Objects that set themselves alarms are woken by turns, should one have been lost: a bounded number in one go,
// each by itself.

import { faultText } from "../entities/log-level.ts";
import { log } from "../log.ts";
import type { ScheduleRpc } from "../protocol/schedule.ts";
import type { SourcesRpc } from "../protocol/sources.ts";
import type { ScheduleObjects } from "../storage/schedule-objects.ts";
import type { SourceBook } from "../storage/source-book.ts";

/** Objects of a sort that are asked in one go whether something is due. */
const MAX_WOKEN = 50;

/** Those that keep schedules; one that keeps none any more is forgotten. */
export async function wakeSchedules(
  book: ScheduleObjects,
  open: (name: string) => Pick<ScheduleRpc, "wake">,
  turn: number,
): Promise<void> {
  const objects = await book.some(turn, MAX_WOKEN);
  await eachOf("schedules", objects, async (object) => {
    if (!(await open(object.name).wake())) await book.remove(object);
  });
}

/** Those that keep feeds of sources. */
export async function wakeSources(
  book: Pick<SourceBook, "some">,
  open: (namespaceId: string) => Pick<SourcesRpc, "wake">,
  turn: number,
): Promise<void> {
  await eachOf("sources", await book.some(turn, MAX_WOKEN), (id) => open(id).wake());
}

async function eachOf<T>(what: string, all: readonly T[], wake: (each: T) => Promise<void>): Promise<void> {
  const woken = await Promise.allSettled(all.map(wake));
  for (const each of woken)
    if (each.status === "rejected") log.warn("not-woken", { what, text: faultText(each.reason) });
}
