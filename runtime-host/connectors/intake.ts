// What has come from a broker and is not acknowledged: in order into few questions to the platform, again where that
// could not take it, and acknowledged when its fire is stored.

import { type MessageCounts, NO_COUNTS } from "../../src/entities/subscription.ts";
import {
  type FireOutcome,
  type FiresAnswer,
  type HostFires,
  MAX_FIRES_CHARACTERS,
  MAX_RELEASED,
  MAX_UNACKNOWLEDGED,
} from "../../src/protocol/subscriptions.ts";
import { reasonOf } from "../program/logger.ts";
import { READ_UNTIL } from "./connection.ts";
import type { Message } from "./message.ts";

export interface MessageIntakeOptions {
  /** Rejects where it is not known what became of it: asked again. */
  fire(asked: Pick<HostFires, "fires" | "released">): Promise<FiresAnswer>;
  /** Nothing is fired for this subscription any more. */
  lost(reason: string): void;
  /** It is not known what became of a question, and nothing is under way any more:
   * what is asked from now on is asked after it. */
  gaveUp(): void;
  /** There is room again. */
  room(): void;
  failed(text: string): void;
  counts: MessageCounts;
  pauseMs?: (tries: number) => number;
}

/** Questions under way at once, and messages in each: what a platform that is slow takes in the seconds after which it
 * says of a fire that it does not know, so that little is asked twice, and its answers to others do not wait. */
const WIDTH = 4;
export const MAX_BATCH = 32;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

export class MessageIntake {
  readonly #options: MessageIntakeOptions;
  #waiting: Message[] = [];
  #releases: { number: number; done: () => void }[] = [];
  /** Messages in questions under way. */
  #flying = 0;
  readonly #questions = new Set<Promise<void>>();
  /** Questions in a row that took nothing. */
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What was asked may still come through: what is asked next waits until nothing is under way. */
  #gaveUp = false;
  #closed = false;
  #wasFull = false;

  constructor(options: MessageIntakeOptions) {
    this.#options = options;
  }

  get unacknowledged(): number {
    return this.#waiting.length + this.#flying;
  }

  /** Nothing more should be read. */
  get full(): boolean {
    return this.unacknowledged >= READ_UNTIL;
  }

  take(message: Message): void {
    const { counts } = this.#options;
    counts.received++;
    if (message.again) counts.duplicates++;
    if (this.#closed) return;
    if (message.fleeting && this.unacknowledged >= MAX_UNACKNOWLEDGED) {
      counts.dropped++;
      return;
    }
    this.#waiting.push(message);
    this.#wasFull ||= this.full;
    this.#pump();
  }

  /** `done` when nobody takes a packet of this number for the former one any more. */
  release(number: number, done: () => void): void {
    if (this.#closed) return;
    this.#releases.push({ number, done });
    this.#pump();
  }

  /** What waits is forgotten: its broker has it still. Resolves when no question is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#releases = [];
    await Promise.all(this.#questions);
  }

  #pump(): void {
    if (this.#timer !== undefined || (this.#gaveUp && this.#questions.size > 0)) return;
    if (this.#gaveUp) this.#options.gaveUp();
    this.#gaveUp = false;
    while (!this.#closed && this.#questions.size < WIDTH && this.#waiting.length + this.#releases.length > 0) {
      const question = this.#ask(this.#batch(), this.#releases.splice(0, MAX_RELEASED)).finally(() => {
        this.#questions.delete(question);
        this.#pump();
        if (this.#wasFull && !this.full) {
          this.#wasFull = false;
          this.#options.room();
        }
      });
      this.#questions.add(question);
    }
  }

  #batch(): Message[] {
    let characters = 0;
    const end = this.#waiting.findIndex(({ payload }, at) => {
      characters += payload.length;
      return at > 0 && (at >= MAX_BATCH || characters > MAX_FIRES_CHARACTERS);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #ask(messages: Message[], releases: { number: number; done: () => void }[]): Promise<void> {
    this.#flying += messages.length;
    try {
      const answer = await this.#options.fire({
        fires: messages.map(({ key, at, packet, payload }) => ({
          ...{ key, at, payload },
          ...(packet === undefined ? {} : { packet }),
        })),
        released: releases.map(({ number }) => number),
      });
      if (answer.kind === "lost") {
        this.#options.lost(answer.text);
        return;
      }
      for (const { done } of releases) done();
      const again = messages.filter((message, at) => !this.#settle(message, answer.outcomes[at]));
      if (again.length < messages.length || messages.length === 0) this.#failures = 0;
      this.#later(again, []);
    } catch (error) {
      this.#gaveUp = true;
      this.#options.failed(`the platform could not be asked: ${reasonOf(error)}`);
      this.#later(messages, releases);
    } finally {
      this.#flying -= messages.length;
    }
  }

  /** False: it is to be asked again. */
  #settle(message: Message, outcome: FireOutcome | undefined): boolean {
    const { counts, failed } = this.#options;
    if (outcome?.text !== undefined) failed(outcome.text);
    if (outcome === undefined || outcome.kind === "again") return false;
    counts[outcome.kind]++;
    message.done();
    return true;
  }

  #later(messages: Message[], releases: { number: number; done: () => void }[]): void {
    if (this.#closed || messages.length + releases.length === 0) return;
    this.#waiting.unshift(...messages);
    this.#releases.unshift(...releases);
    if (this.#timer !== undefined) return;
    const { pauseMs = pauseOf } = this.#options;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#pump();
      },
      pauseMs(this.#failures++),
    );
  }
}

export function freshCounts(): MessageCounts {
  return { ...NO_COUNTS };
}

function pauseOf(tries: number): number {
  return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries, 10));
}
