// An object's one alarm: set for the earliest of what falls due, with some slack, so that it is not set anew for each
// row. A round that fails, because the storage did, is run again as long as this incarnation lives:
// the platform gives it up.

import type { AlarmPorts } from "./ports.ts";

/** The alarm fires this late at most (ms). */
export const ALARM_SLACK_MS = 500;
/** ms until a round that failed is run again. */
const RETRY_MS = 5_000;

export class Alarm {
  readonly #ports: AlarmPorts;
  readonly #round: () => Promise<void>;
  readonly #slackMs: number;
  /** Epoch ms of the alarm, as far as this incarnation knows. */
  #at = Number.POSITIVE_INFINITY;
  #wishes = 0;
  #retrying = false;
  /** Said once for each reason. */
  #said = "";

  /** `round`: what is done when it rings; safe at any time and twice, and it sets the next alarm before it waits.
   * `slackMs`: of an object whose work has to be done on time. */
  constructor(ports: AlarmPorts, round: () => Promise<void>, { slackMs = ALARM_SLACK_MS }: { slackMs?: number } = {}) {
    this.#ports = ports;
    this.#round = round;
    this.#slackMs = slackMs;
  }

  /** How often the alarm was wished for: whether something came up meanwhile. */
  get wishes(): number {
    return this.#wishes;
  }

  /** Rings at this epoch ms or before, give or take the slack; never for Infinity. */
  wakeAt(at: number): void {
    this.#wishes++;
    if (at === Number.POSITIVE_INFINITY || at + this.#slackMs >= this.#at) return;
    this.#at = at;
    this.#ports.setAlarm(at);
  }

  wakeIn(ms: number): void {
    this.wakeAt(this.#ports.now() + ms);
  }

  /** As `wakeAt`, and also later than the alarm that is set by now,
   * unless it was wished for since there were `wishes`. */
  moveTo(at: number, wishes: number): void {
    if (this.#wishes === wishes) this.#at = Number.POSITIVE_INFINITY;
    this.wakeAt(at);
  }

  /** It rang. Resolves when the round is over; rejects as the round does, so that the platform knows, too. */
  async run(): Promise<void> {
    this.#at = Number.POSITIVE_INFINITY;
    try {
      await this.#round();
    } catch (error) {
      this.#retry();
      throw error;
    }
  }

  #retry(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    this.#ports.after(RETRY_MS, () => {
      this.#retrying = false;
      this.run().catch((error: unknown) => this.#say(`the alarm failed again: ${String(error)}`));
    });
  }

  #say(text: string): void {
    if (text !== this.#said) this.#ports.warn(text);
    this.#said = text;
  }
}
