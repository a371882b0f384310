// The server's time: the clock of the browser's machine may be off by hours.

import { signal } from "@preact/signals";

/** Answers tell whole seconds, and take a moment to come: below this (ms) the two clocks are the same. */
const SAME_MS = 2_000;
/** A clock that is off by more (ms) is worth a word. */
const TOLD_MS = 60_000;

/** ms the server is ahead of this machine. */
const offset = signal(0);

/** What an answer's Date header says. */
export function noteServerDate(date: string | null): void {
  const server = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(server)) return;
  const off = server - Date.now();
  if (Math.abs(off - offset.peek()) > SAME_MS) offset.value = Math.abs(off) <= SAME_MS ? 0 : off;
}

/** Epoch ms by the server's clock. */
export function serverNow(): number {
  return Date.now() + offset.value;
}

/** Null: this machine's clock is right. */
export function clockFault(): string | null {
  const off = offset.value;
  if (Math.abs(off) < TOLD_MS) return null;
  const minutes = Math.round(Math.abs(off) / 60_000);
  const by = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
  return `The clock of this computer is ${by} ${off > 0 ? "slow" : "fast"}. Ages are told by the server's clock.`;
}
