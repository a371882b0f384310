// How runs end: what their host says of it, how much of that is believed, and who hears it.

import type { Completion } from "../../src/entities/activation.ts";
import { timeOf } from "../../src/entities/activation-id.ts";
import { argsKey } from "../../src/entities/blob-keys.ts";
import type { HostMessage } from "../../src/protocol/messages.ts";
import { storeNameOf } from "../../src/protocol/names.ts";
import type { Finished, InvokeReply, StoreName } from "../../src/protocol/rpc.ts";
import { answer, type Run } from "./leases.ts";
import type { SchedulerPorts } from "./ports.ts";
import { hostOf, type SchedulerState } from "./state.ts";

/** ms by which the clocks of those who make ids and of those who judge them may differ. */
const CLOCKS = 10_000;

type Word<T extends HostMessage["t"]> = Extract<HostMessage, { t: T }>;

export class Ends {
  readonly #state: SchedulerState;
  readonly #ports: Pick<SchedulerPorts, "now" | "warn">;

  constructor(state: SchedulerState, ports: Pick<SchedulerPorts, "now" | "warn">) {
    this.#state = state;
    this.#ports = ports;
  }

  result(word: Word<"result">): void {
    const run = this.#state.leases.match(word);
    if (run === undefined || run.ended) {
      if (run !== undefined) this.#state.free(run);
      return;
    }
    const completion = this.#believed(word);
    run.phase = "recording";
    run.completion = completion;
    this.#state.crowds = 0;
    this.#state.free(run);
    answer(run, this.#done(run, completion));
  }

  record(word: Word<"record">): void {
    const { leases, link } = this.#state;
    link.recorded(this.#ports.now());
    const run = leases.match(word);
    if (run === undefined) {
      this.#unknown(word);
      return;
    }
    this.#state.free(run);
    leases.remove(run);
    if (run.origin === "claimed") {
      this.#unknown(word);
      return;
    }
    const completion = this.#believed(word);
    this.#state.crowds = 0;
    const reply = this.#done(run, completion);
    answer(run, reply);
    // On the durable path whoever waits does so at the store; on the fast path he has been answered.
    const urgent = run.origin === "durable" && run.invocation?.blocking === true;
    this.#take(run.store, this.#state.finished(run, completion), { urgent });
  }

  /** A record of what this incarnation has not granted: by its lease's proof, or by a row, another one has. */
  #unknown(word: Word<"record">): void {
    const { id, attempt, lease, about } = word;
    const standing = this.#state.grants.standing(word, this.#ports.now());
    const finished = { id, attempt, lease, about, completion: this.#believed(word) };
    const spent = argsKey(about.namespaceId, id);
    if (standing === "granted" || standing === "old") this.#take(storeNameOf(word), { ...finished, spent });
    else if (standing === "unproven") this.#take(storeNameOf(word), { ...finished, unproven: true });
    else {
      this.#state.strangers++;
      this.#ports.warn(`the host has a record of ${id}, attempt ${attempt}, which was not granted to it`);
      // If our secret is another one than before, it may be put right: until nobody could want it any more, the host keeps it.
      if (standing === "over")
        this.#state.link.post({ t: "stored", epoch: this.#state.epoch, items: [{ id, attempt }] });
    }
  }

  #take(store: StoreName, finished: Finished, options: { urgent?: boolean } = {}): void {
    const { outbox, kept } = this.#state;
    if (outbox.add(store, finished, { owed: true, ...options })) kept.delete(finished.id);
    else kept.add(finished.id);
  }

  /** The host's word without what it cannot know better: who it is, and times before there was anything to run. */
  #believed({ id, completion }: Word<"result" | "record">): Completion {
    const most = Math.max(0, this.#ports.now() - timeOf(id)) + CLOCKS;
    return {
      ...completion,
      host: hostOf(this.#state.name),
      duration: Math.min(completion.duration, most),
      endedAgo: Math.min(completion.endedAgo, most),
    };
  }

  /** The first word says when: the record shows the same times as the answer. */
  #done(run: Run, completion: Completion): InvokeReply {
    run.endedAt ??= this.#ports.now() - completion.endedAgo;
    return { kind: "done", completion, endedAt: run.endedAt };
  }
}
