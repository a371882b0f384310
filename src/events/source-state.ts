// How the feed of a source stands, and what follows from what was read of it and from what became of its fires. Pure.

import type { RawJson } from "../entities/raw-json.ts";
import { type DatabaseFeed, isPolled, type ObjectStoreFeed, type SourceFeed } from "../entities/source.ts";

/** As it is stored. Times are epoch ms. */
export interface SourceState {
  paused: boolean;
  /** Why nothing comes of it until its owner changes it, or "". */
  stopped: string;
  /** Why the last try came to nothing, or "". */
  blocked: string;
  /** Of a table: JSON text of the last value that was read; null: none. */
  cursor: RawJson | null;
  /** Of a bucket: key behind which the list goes on; "": it is begun. */
  after: string;
  /** Its list was looked at as a whole. */
  listed: boolean;
  lastPoll: number | null;
  nextPoll: number | null;
  /** Before this nothing that waits is fired. */
  retryAt: number;
  /** Tries that came to nothing, one after the other. */
  tries: number;
  fired: number;
  idle: number;
  rejected: number;
  lastError: { text: string; at: number } | null;
  created: number;
}

/** Of one event. "again": it is fired later. "gone": there is no trigger; "barred":
 * the namespace may fire nothing now. */
export type EventOutcome =
  | { kind: "fired" }
  | { kind: "idle" }
  | { kind: "rejected"; text: string }
  | { kind: "again"; text: string }
  | { kind: "gone"; text: string }
  | { kind: "barred"; text: string };

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** ms after which it is looked again whether a source may be read. */
const BLOCKED_MS = 60_000;
const GONE: ReadonlySet<number> = new Set([404, 409]);
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

export function begunSource(feed: SourceFeed, { cursor, now }: { cursor: RawJson | null; now: number }): SourceState {
  return {
    ...{ paused: false, stopped: "", blocked: "", cursor, after: "", listed: false },
    ...{ lastPoll: null, nextPoll: isPolled(feed) ? now : null, retryAt: 0, tries: 0 },
    ...{ fired: 0, idle: 0, rejected: 0, lastError: null, created: now },
  };
}

/** It goes on at once, also where it was stopped or waited for another try. */
export function resumedSource(feed: SourceFeed, state: SourceState, now: number): SourceState {
  return {
    ...{ ...state, paused: false, stopped: "", blocked: "", retryAt: 0, tries: 0 },
    nextPoll: isPolled(feed) ? now : null,
  };
}

/** Epoch ms at which it has something to do; null: never. `waiting`: events that have not fired. */
export function sourceDueAt({ paused, stopped, retryAt, nextPoll }: SourceState, waiting: number): number | null {
  if (paused || stopped !== "") return null;
  return waiting > 0 ? retryAt : nextPoll;
}

/** `more`: there is more to read at once. */
export function polled(
  feed: DatabaseFeed | ObjectStoreFeed,
  state: SourceState,
  { now, more }: { now: number; more: boolean },
): SourceState {
  return {
    ...{ ...state, blocked: "", tries: 0, lastPoll: now },
    nextPoll: more ? now : now + feed.interval * 1_000,
  };
}

/** Nothing could be read. */
export function notPolled(
  feed: DatabaseFeed | ObjectStoreFeed,
  state: SourceState,
  { now, kind, text }: { now: number; kind: "blocked" | "failed" | "gone"; text: string },
): SourceState {
  const next = { ...state, lastPoll: now, lastError: { text, at: now } };
  if (kind === "gone") return { ...next, stopped: text };
  const pause = kind === "blocked" ? Math.max(BLOCKED_MS, feed.interval * 1_000) : feed.interval * 1_000;
  return { ...next, blocked: text, nextPoll: now + pause };
}

/** What could never fire. */
export function rejectedOf(state: SourceState, faults: readonly string[], now: number): SourceState {
  const text = faults.at(-1);
  if (text === undefined) return state;
  return { ...state, rejected: state.rejected + faults.length, lastError: { text, at: now } };
}

/** As HTTP would have it. */
export function refusalOf({ statusCode, text }: { statusCode: number; text: string }): EventOutcome {
  if (GONE.has(statusCode)) return { kind: "gone", text };
  return { kind: statusCode >= 500 || LATER.has(statusCode) ? "again" : "rejected", text };
}

/** Which of the events are done with, and how it stands. */
export function fired(
  state: SourceState,
  outcomes: readonly EventOutcome[],
  now: number,
): { state: SourceState; done: boolean[] } {
  const count = (kind: EventOutcome["kind"]) => outcomes.filter((each) => each.kind === kind).length;
  const textOf = (kind: "again" | "gone" | "barred") => {
    const found = outcomes.find((each) => each.kind === kind);
    return found !== undefined && "text" in found ? found.text : null;
  };
  const faults = outcomes.flatMap((each) => (each.kind === "rejected" ? [each.text] : []));
  const counted = rejectedOf(
    { ...state, fired: state.fired + count("fired"), idle: state.idle + count("idle") },
    faults,
    now,
  );
  const done = outcomes.map(({ kind }) => kind === "fired" || kind === "idle" || kind === "rejected");
  const gone = textOf("gone");
  if (gone !== null) {
    const text = `the trigger cannot be fired: ${gone}`;
    return { done, state: { ...counted, stopped: text, lastError: { text, at: now } } };
  }
  const later = textOf("barred") ?? textOf("again");
  if (later === null) return { done, state: { ...counted, blocked: "", tries: 0, retryAt: 0 } };
  const isBarred = count("barred") > 0;
  const tries = state.tries + 1;
  const pause = isBarred ? BLOCKED_MS : Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 10));
  return {
    done,
    state: { ...counted, blocked: later, tries, retryAt: now + pause, lastError: { text: later, at: now } },
  };
}
