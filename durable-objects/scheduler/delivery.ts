// Outcomes on their way to their stores. It owns the batches under way and the list of records that the host has said
// it keeps and that have not come yet.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import { argsKey } from "../../src/entities/blob-keys.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { HostMessage } from "../../src/protocol/messages.ts";
import { storeNameOf } from "../../src/protocol/names.ts";
import type { Finished, StoreName } from "../../src/protocol/rpc.ts";
import { within } from "../shared/deadline.ts";
import type { Grants } from "./grants.ts";
import type { HostSession } from "./host-session.ts";
import type { SchedulerPorts } from "./ports.ts";
import { RecordBatcher } from "./record-batcher.ts";
import type { RunOutcomes } from "./run-table.ts";

/** Records that will follow which inventories may name. */
const MAX_KEPT = 200_000;
/** ms after which a store has not taken back a run. */
const ANSWER_WITHIN_MS = 10_000;

export class Delivery implements RunOutcomes {
  readonly #session: Pick<HostSession, "name" | "epoch" | "post" | "welcome">;
  readonly #grants: Grants;
  readonly #ports: Pick<SchedulerPorts, "now" | "after" | "store" | "warn">;
  readonly #batcher: RecordBatcher;
  readonly #kept = new Set<ActivationId>();
  /** What is given back to its store just now. */
  readonly #given = new Set<ActivationId>();

  constructor(options: {
    session: Pick<HostSession, "name" | "epoch" | "post" | "welcome">;
    grants: Grants;
    ports: Pick<SchedulerPorts, "now" | "after" | "store" | "warn">;
  }) {
    const { session, grants, ports } = options;
    this.#session = session;
    this.#grants = grants;
    this.#ports = ports;
    this.#batcher = new RecordBatcher(session.name, {
      ports,
      events: {
        epoch: () => session.epoch,
        stored: (items) => session.post({ t: "stored", epoch: session.epoch, items }),
        caughtUp: () => session.welcome(),
      },
    });
  }

  /** Whether its outcome is on its way here, or to here. */
  has(id: ActivationId): boolean {
    return this.#batcher.has(id) || this.#kept.has(id) || this.#given.has(id);
  }

  /** The host's record: confirmed to it when the store has it, left with it where there is no room. */
  deliver(store: StoreName, finished: Finished, options: { urgent?: boolean } = {}): void {
    if (this.#batcher.add(store, finished, { owed: true, ...options })) this.#kept.delete(finished.id);
    else this.#kept.add(finished.id);
  }

  conclude(store: StoreName, finished: Finished): void {
    this.#batcher.add(store, finished, { owed: false });
  }

  /** Best effort: the store asks about what it does not hear of. */
  decline(store: StoreName, items: { id: ActivationId; attempt: number }[]): void {
    this.#ports
      .store(store)
      .declined(items, { scheduler: this.#session.name })
      .catch((error: unknown) => this.#ports.warn(`a store could not be told of declined work: ${String(error)}`));
  }

  giveUp(store: StoreName, finished: Finished, invocation: Invocation | undefined): void {
    if (invocation === undefined) {
      this.conclude(store, finished);
      return;
    }
    const { id } = invocation;
    this.#given.add(id);
    const place = { candidates: [], refusedBy: this.#session.name };
    const asked = this.#ports.store(store).accept([invocation], place);
    within((ms, run) => this.#ports.after(ms, run), ANSWER_WITHIN_MS, asked)
      .then(
        ({ kind }) => kind === "full" && this.conclude(store, finished),
        (error: unknown) => {
          this.#ports.warn(`a store did not take back ${id}: ${String(error)}`, invocation.about.transactionId);
          // If it has taken it after all, this is about an attempt that is over, and late.
          this.conclude(store, finished);
        },
      )
      .finally(() => this.#given.delete(id));
  }

  /** A record of what this incarnation has not granted: by its lease's proof, or by a row, another one has. */
  unknown(message: Extract<HostMessage, { t: "record" }>): void {
    const { id, attempt, lease, about } = message;
    const now = this.#ports.now();
    const status = this.#grants.status(message, now);
    const finished = { id, attempt, lease, about, completion: this.#grants.believed(message, now) };
    if (status === "granted" || status === "old") {
      this.deliver(storeNameOf(message), { ...finished, spent: argsKey(about.namespaceId, id) });
    } else if (status === "unproven") this.deliver(storeNameOf(message), { ...finished, unproven: true });
    else {
      this.#grants.countStranger();
      this.#ports.warn(
        `the host has a record of ${id}, attempt ${attempt}, which was not granted to it`,
        about.transactionId,
      );
      // If our secret is another one than before, it may be put right: until nobody could want it any more, the host
      // keeps it.
      if (status === "over") {
        this.#session.post({ t: "stored", epoch: this.#session.epoch, items: [{ id, attempt }] });
      }
    }
  }

  /** Whether the host keeps its record, which will come. */
  isKept(id: ActivationId): boolean {
    return this.#kept.has(id);
  }

  keep(items: readonly { id: ActivationId }[]): void {
    for (const { id } of items) if (this.#kept.size < MAX_KEPT) this.#kept.add(id);
  }

  /** The host is about to name anew what it keeps. */
  forgetKept(): void {
    this.#kept.clear();
  }
}
