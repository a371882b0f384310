// Calls that write a row and come at the same time share one turn of the event loop: their rows are one commit.

/** ms since the last call after which one is taken to come alone. */
const ALONE = 2;

export class CommitTurn {
  #next: Promise<void> | undefined;
  /** Epoch ms of the last call that writes a row. */
  #calledAt = 0;

  /** The end of this turn, shared by all calls that came in it. A call that comes alone is not kept waiting. */
  end(): Promise<void> | undefined {
    const now = Date.now();
    const alone = this.#next === undefined && now - this.#calledAt >= ALONE;
    this.#calledAt = now;
    if (alone) return undefined;
    this.#next ??= new Promise((resolve) =>
      setTimeout(() => {
        this.#next = undefined;
        resolve();
      }, 0),
    );
    return this.#next;
  }
}
