// Whether the platform can be reached. While it cannot, it is asked after growing pauses; when it can again, what is
// shown is read anew.

import { signal } from "@preact/signals";

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 15_000;
/** ms that its answer may take. */
const MAX_ANSWER_MS = 10_000;

/** Epoch ms since when it cannot be reached; null: it can. */
export const downSince = signal<number | null>(null);
/** Grows with each time it came back. */
export const comeBacks = signal(0);

let timer: ReturnType<typeof setTimeout> | undefined;

/** A request failed without an answer. */
export function noteUnreachable(): void {
  if (downSince.peek() !== null) return;
  downSince.value = Date.now();
  askIn(FIRST_PAUSE_MS);
}

/** An answer came, whatever it was. */
export function noteReached(): void {
  if (downSince.peek() === null) return;
  clearTimeout(timer);
  downSince.value = null;
  comeBacks.value++;
}

/** Now, and not after the pause. */
export function tryAgain(): void {
  if (downSince.peek() !== null) askIn(0);
}

function askIn(pause: number): void {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const signal = AbortSignal.timeout(MAX_ANSWER_MS);
    const answered = await fetch("/ping", { credentials: "omit", signal }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (answered) noteReached();
    else if (downSince.peek() !== null) askIn(Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pause * 2)));
  }, pause);
}
