// An alarm whose round failed, because the storage did: the platform runs it again a few times and then gives it up. As long as
// this incarnation lives, it goes on.

/** ms to the next try. */
const PAUSE = 5_000;

export interface AlarmPorts {
  after(ms: number, run: () => void): unknown;
  warn(text: string): void;
}

export class AlarmRetry {
  readonly #ports: AlarmPorts;
  readonly #round: () => Promise<void>;
  #waiting = false;
  /** Said once for each reason. */
  #said = "";

  constructor(ports: AlarmPorts, round: () => Promise<void>) {
    this.#ports = ports;
    this.#round = round;
  }

  /** Rejects as the round does, so that the platform knows, too. */
  async run(): Promise<void> {
    try {
      await this.#round();
    } catch (error) {
      this.#again();
      throw error;
    }
  }

  #again(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#ports.after(PAUSE, () => {
      this.#waiting = false;
      this.run().catch((error: unknown) => this.#say(`the alarm failed again: ${String(error)}`));
    });
  }

  #say(text: string): void {
    if (text !== this.#said) this.#ports.warn(text);
    this.#said = text;
  }
}
