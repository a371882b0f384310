// Calls that wait for their image. They stand outside the line for containers,
// so that a slow registry holds up nobody else.

interface Waits {
  readonly since: number;
}

const MAX_FETCHING = 1_000;

/** Calls that wait for an image, at most 1,000; they are in order of arrival. */
export class Fetching<Call extends Waits> {
  readonly #calls = new Set<Call>();

  get full(): boolean {
    return this.#calls.size >= MAX_FETCHING;
  }

  /** `then` is called once, unless the call has been taken out before. `work` never rejects. */
  hold<Result>(call: Call, work: Promise<Result>, then: (result: Result) => void): void {
    this.#calls.add(call);
    void work.then((result) => this.#calls.delete(call) && then(result));
  }

  /** Those that began to wait before `moment`, and wait no longer. */
  takeOlder(moment: number): Call[] {
    const old = [...this.#calls].filter((each) => each.since < moment);
    for (const call of old) this.#calls.delete(call);
    return old;
  }
}
