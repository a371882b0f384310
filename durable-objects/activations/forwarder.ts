// Records, or user events, on their way to an address that somebody gave: in batches, one at a time, tried again until
// the receiver has them. They are taken off only then: whatever dies in between, they are sent again.

import type { ForwardOrder, ForwardState } from "../../src/protocol/forwarding.ts";
import type { OpenHook } from "../../src/storage/record-hook-book.ts";
import { within } from "../shared/deadline.ts";
import { backOffMs } from "../shared/retry.ts";
import type { Database } from "../shared/schema.ts";
import { signatureHeaders, targetOf, type Verdict, verdictOf } from "./forward-batch.ts";
import { ForwardQueue, type QueuedText, type QueueTables } from "./forward-queue.ts";
import { pauseAfter } from "./handover-plan.ts";
import type { HookPort, StorePorts } from "./ports.ts";

/** Records and characters of one batch: on one machine the thread that writes it serves the calls as well. */
const BATCH = { records: 200, bytes: 500_000 } as const;
/** ms a record may wait for others. */
const DELAY = 2_000;
const RETRY = { firstMs: 1_000, maxMs: 300_000 };
/** ms for one batch, its blobs and all. */
const PATIENCE = 60_000;

/** What is forwarded. */
export interface Cargo {
  /** Of many, as a sentence begins with it. */
  noun: "Records" | "User events";
  tables: QueueTables;
  /** Where it goes. */
  hook: Pick<HookPort, "open" | "send">;
  /** What is sent of one that waits, with the line's end. */
  linesOf(each: QueuedText, hook: OpenHook["hook"]): Promise<string>;
  /** So many have gone, or will not. */
  counted?(outcome: "sent" | "dropped", by: number): void;
}

interface Options {
  database: Database;
  ports: Pick<StorePorts, "now" | "after" | "warn">;
  cargo: Cargo;
  wake: () => void;
}

export class BatchForwarder {
  /** Without an owner what is made is for nobody. */
  readonly queue: ForwardQueue;
  readonly #cargo: Cargo;
  readonly #ports: Options["ports"];
  readonly #wake: () => void;
  /** Records of one batch: fewer where the receiver did not take it. */
  #most: number = BATCH.records;
  #failures = 0;
  #retryAt = 0;
  #flying = false;
  /** The last fault and the last reason to drop were told. */
  #said = "";
  #isDropping = false;

  constructor({ database, ports, cargo, wake }: Options) {
    this.queue = new ForwardQueue(database, cargo.tables);
    this.#cargo = cargo;
    this.#ports = ports;
    this.#wake = wake;
  }

  order(order: ForwardOrder): void {
    if (!this.queue.order(order)) return;
    this.#failures = 0;
    this.#retryAt = 0;
    this.#most = BATCH.records;
  }

  state(): ForwardState | null {
    return this.queue.state();
  }

  /** In the transaction that makes what it tells of. */
  made(one: Pick<QueuedText, "id" | "text">): void {
    const dropped = this.queue.add(one, this.#ports.now());
    if (dropped === 0) return;
    this.#cargo.counted?.("dropped", dropped);
    if (this.#isDropping) return;
    this.#isDropping = true;
    this.#ports.warn(`${this.#cargo.noun}: more wait to be forwarded than may, the oldest are dropped`);
  }

  /** So many were made elsewhere and could not be brought here. */
  lost(by: number): void {
    this.queue.lost(by, this.#ports.now());
    this.#cargo.counted?.("dropped", by);
  }

  /** Epoch ms at which `run` has something to do, or Infinity. */
  next(): number {
    const { oldest, owner } = this.queue;
    if (owner === null || oldest === null) return Number.POSITIVE_INFINITY;
    if (this.#flying) return this.#ports.now() + PATIENCE;
    return Math.max(this.#isFull() ? oldest : oldest + DELAY, this.#retryAt);
  }

  /** Starts what is due; it goes on by itself. */
  run(): void {
    if (this.#flying || this.next() > this.#ports.now()) return;
    this.#flying = true;
    this.#fly()
      .catch((error: unknown) => this.#fail(`it could not be tried: ${String(error)}`))
      .finally(() => {
        this.#flying = false;
        this.#wake();
      });
  }

  #isFull(): boolean {
    return this.queue.waiting >= this.#most || this.queue.bytes >= BATCH.bytes;
  }

  async #fly(): Promise<void> {
    for (;;) {
      const { owner } = this.queue;
      if (owner === null) return;
      const expired = this.queue.expire(this.#ports.now());
      if (expired > 0) {
        this.#cargo.counted?.("dropped", expired);
        this.#ports.warn(`${this.#cargo.noun}: ${expired} waited a day and were not forwarded`);
      }
      const records = this.queue.first({ records: this.#most, bytes: BATCH.bytes });
      if (records.length === 0) return;
      const began = this.#ports.now();
      const hook = await within(this.#ports.after, PATIENCE, this.#cargo.hook.open(owner));
      if (hook === null) {
        // It was taken away, and nobody came to tell us.
        this.queue.end();
        return;
      }
      const batch = await within(this.#ports.after, PATIENCE, this.#batchOf(records, hook));
      const worked = this.#ports.now() - began;
      const verdict = verdictOf(await this.#send(owner, hook, batch), hook.hook.format);
      if (!this.#take(batch.records, verdict)) return;
      if (!this.#isFull()) return;
      await new Promise<void>((resolve) => this.#ports.after(pauseAfter(worked), resolve));
    }
  }

  /** As many of them as fit, with what lies beside them. */
  async #batchOf(records: readonly QueuedText[], { hook }: OpenHook): Promise<Batch> {
    const taken: QueuedText[] = [];
    let text = "";
    for (const each of records) {
      const lines = await this.#cargo.linesOf(each, hook);
      if (taken.length > 0 && text.length + lines.length > BATCH.bytes) break;
      taken.push(each);
      text += lines;
    }
    const plain = new Uint8Array(new TextEncoder().encode(text));
    return { records: taken, body: hook.gzip ? await gzipped(plain) : plain };
  }

  async #send(owner: string, { hook, secrets }: OpenHook, { records, body }: Batch) {
    const id = `${records[0]?.id}.${records.at(-1)?.id}`;
    const { backlog, age, refused } = this.queue.dropped;
    const headers = {
      "content-type": "application/x-ndjson",
      "user-agent": "edgewhisk",
      ...(hook.gzip ? { "content-encoding": "gzip" } : {}),
      ...(secrets.authorization === null ? {} : { authorization: secrets.authorization }),
      "x-edgewhisk-records": String(records.length),
      "x-edgewhisk-dropped": String(backlog + age + refused),
      ...(await signatureHeaders(secrets.signing, { id, body, now: this.#ports.now() })),
    };
    return this.#cargo.hook.send(owner, { url: targetOf(hook), headers, body });
  }

  /** Whether to go on. */
  #take(records: readonly QueuedText[], verdict: Verdict): boolean {
    const now = this.#ports.now();
    if (verdict.kind === "again") return this.#fail(verdict.reason);
    if (verdict.kind === "split" && records.length > 1) {
      this.#most = Math.ceil(records.length / 2);
      return true;
    }
    const refused = verdict.kind === "split" ? records.length : verdict.refused;
    this.queue.landed(records, { refused, now });
    this.#cargo.counted?.("sent", records.length - refused);
    if (refused > 0) this.#cargo.counted?.("dropped", refused);
    this.#isDropping = false;
    this.#most = Math.min(BATCH.records, this.#most * 2);
    // A receiver that takes none at all is to lose few before somebody looks.
    if (refused === records.length) return this.#fail(this.#dropText(verdict), "the next ones are tried later");
    this.#failures = 0;
    this.#said = "";
    this.queue.fault(refused === 0 ? null : this.#dropText(verdict), now);
    return true;
  }

  #dropText({ reason = "it refuses them" }: { reason?: string }): string {
    return `${this.#cargo.noun.toLowerCase()} are dropped: ${reason}`;
  }

  #fail(reason: string, what = "are tried again"): false {
    const now = this.#ports.now();
    this.#retryAt = now + backOffMs(this.#failures++, RETRY);
    this.queue.fault(reason, now);
    if (reason !== this.#said) this.#ports.warn(`${this.#cargo.noun} are not forwarded, and ${what}: ${reason}`);
    this.#said = reason;
    return false;
  }
}

interface Batch {
  records: QueuedText[];
  body: Uint8Array<ArrayBuffer>;
}

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
