// Who follows the output of runs from afar: each question is answered once, with lines that are there, that come in
// time, or with none. Nothing is kept for a follower, and nothing is sent that was not asked for.

import type { LiveLogs } from "../container/contract.ts";
import type { LinesMessage } from "../link/messages.ts";

export interface Followed {
  readonly id: string;
  readonly attempt: number;
  /** Null before its container has begun. */
  live: LiveLogs | null;
}

export interface TailQuestion {
  ask: number;
  from: number;
  /** ms */
  wait: number;
}

interface Waiting extends TailQuestion {
  answer: (lines: LinesMessage) => void;
  timer: NodeJS.Timeout;
}

/** Bytes of lines in one answer: as a JSON string in a frame it may become twice as long. */
const MAX_ANSWER_BYTES = 60_000;
/** ms for which lines are gathered once the first has come. */
const GATHER_MS = 50;
const MAX_WAIT_MS = 15_000;
const MAX_WAITING = 256;

export class Tails<R extends Followed> {
  readonly #waiting = new Map<R, Set<Waiting>>();
  readonly #gathering = new Set<R>();
  #count = 0;

  ask(run: R, question: TailQuestion, answer: (lines: LinesMessage) => void): void {
    const lines = read(run, question);
    if (lines.text !== undefined || this.#count >= MAX_WAITING) {
      answer(lines);
      return;
    }
    let list = this.#waiting.get(run);
    if (list === undefined) {
      list = new Set();
      this.#waiting.set(run, list);
    }
    const waiting: Waiting = {
      ...question,
      answer,
      timer: setTimeout(() => this.#settle(run, waiting, none(run, question)), Math.min(question.wait, MAX_WAIT_MS)),
    };
    list.add(waiting);
    this.#count++;
    this.watch(run);
  }

  /** Its container has begun, or is another. */
  watch(run: R): void {
    if (run.live !== null && this.#waiting.has(run)) run.live.onMore = () => this.#more(run);
  }

  /** Its logs are whole: the record has them. */
  over(run: R): void {
    for (const each of this.#waiting.get(run) ?? []) this.#settle(run, each, { ...none(run, each), over: true });
  }

  #more(run: R): void {
    if (this.#gathering.has(run)) return;
    this.#gathering.add(run);
    setTimeout(() => {
      this.#gathering.delete(run);
      for (const each of this.#waiting.get(run) ?? []) {
        const lines = read(run, each);
        if (lines.text !== undefined) this.#settle(run, each, lines);
      }
      this.watch(run);
    }, GATHER_MS).unref();
  }

  #settle(run: R, waiting: Waiting, lines: LinesMessage): void {
    const list = this.#waiting.get(run);
    if (list === undefined || !list.delete(waiting)) return;
    this.#count--;
    clearTimeout(waiting.timer);
    if (list.size === 0) this.#waiting.delete(run);
    waiting.answer(lines);
  }
}

function read(run: Followed, question: TailQuestion): LinesMessage {
  const found = run.live?.read(question.from, MAX_ANSWER_BYTES) ?? null;
  return found === null ? none(run, question) : { ...none(run, question), ...found };
}

function none({ id, attempt }: Followed, { ask, from }: TailQuestion): LinesMessage {
  return { t: "lines", id, attempt, ask, next: from };
}
