// Records on their way to the address that their namespace's administrator gave: in batches, one at a time, tried again until the receiver
// has them. They are taken off only then: whatever dies in between, they are sent again.

import type { ActivationRecord, Payload } from "../../src/entities/activation.ts";
import type { RawJson } from "../../src/entities/raw-json.ts";
import type { ForwardOrder, ForwardState } from "../../src/protocol/forwarding.ts";
import type { OpenHook } from "../../src/storage/record-hook-book.ts";
import { within } from "../shared/deadline.ts";
import { backOffMs } from "../shared/retry.ts";
import type { Database } from "../shared/schema.ts";
import { linesOf, signatureHeaders, targetOf, type Verdict, verdictOf } from "./forward-batch.ts";
import { ForwardQueue, type WaitingRecord } from "./forward-queue.ts";
import { pauseAfter } from "./handover-plan.ts";
import type { StorePorts } from "./ports.ts";

/** Records and characters of one batch: on one machine the thread that writes it serves the calls as well. */
const BATCH = { records: 200, bytes: 500_000 } as const;
/** Characters of a result or of logs that are sent. */
const MAX_PART = 256 * 1024;
/** ms a record may wait for others. */
const DELAY = 2_000;
const RETRY = { firstMs: 1_000, maxMs: 300_000 };
/** ms for one batch, its blobs and all. */
const PATIENCE = 60_000;

interface Options {
  database: Database;
  ports: Pick<StorePorts, "now" | "after" | "warn" | "hook">;
  wake: () => void;
}

export class RecordForwarder {
  readonly #queue: ForwardQueue;
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

  constructor({ database, ports, wake }: Options) {
    this.#queue = new ForwardQueue(database);
    this.#ports = ports;
    this.#wake = wake;
  }

  order(order: ForwardOrder): void {
    if (!this.#queue.order(order)) return;
    this.#failures = 0;
    this.#retryAt = 0;
    this.#most = BATCH.records;
  }

  state(): ForwardState | null {
    return this.#queue.state();
  }

  /** In the transaction that makes the record. */
  made(record: ActivationRecord): void {
    const dropped = this.#queue.add(record, this.#ports.now());
    if (dropped > 0 && !this.#isDropping) {
      this.#isDropping = true;
      this.#ports.warn("more records wait to be forwarded than may: the oldest are dropped");
    }
  }

  /** Epoch ms at which `run` has something to do, or Infinity. */
  next(): number {
    const { oldest, owner } = this.#queue;
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
    return this.#queue.waiting >= this.#most || this.#queue.bytes >= BATCH.bytes;
  }

  async #fly(): Promise<void> {
    for (;;) {
      const { owner } = this.#queue;
      if (owner === null) return;
      if (this.#queue.expire(this.#ports.now()) > 0) this.#ports.warn("records waited a day and were not forwarded");
      const records = this.#queue.first({ records: this.#most, bytes: BATCH.bytes });
      if (records.length === 0) return;
      const began = this.#ports.now();
      const hook = await within(this.#ports.after, PATIENCE, this.#ports.hook.open(owner));
      if (hook === null) {
        // It was taken away, and nobody came to tell us.
        this.#queue.end();
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
  async #batchOf(records: readonly WaitingRecord[], { hook }: OpenHook): Promise<Batch> {
    const taken: WaitingRecord[] = [];
    let text = "";
    for (const each of records) {
      const [result, logs] = [await this.#textOf(each.record.result), await this.#textOf(each.record.logs)];
      const lines = linesOf(each.record, { result, logs }, hook);
      if (taken.length > 0 && text.length + lines.length > BATCH.bytes) break;
      taken.push(each);
      text += lines;
    }
    const plain = new Uint8Array(new TextEncoder().encode(text));
    return { records: taken, body: hook.gzip ? await gzipped(plain) : plain };
  }

  async #textOf(payload: Payload): Promise<RawJson | null> {
    if ("inline" in payload) return payload.inline.length > MAX_PART ? null : payload.inline;
    return payload.size > MAX_PART ? null : this.#ports.hook.text(payload.blob);
  }

  async #send(owner: string, { hook, secrets }: OpenHook, { records, body }: Batch) {
    const id = `${records[0]?.id}.${records.at(-1)?.id}`;
    const { backlog, age, refused } = this.#queue.dropped;
    const headers = {
      "content-type": "application/x-ndjson",
      "user-agent": "edgewhisk",
      ...(hook.gzip ? { "content-encoding": "gzip" } : {}),
      ...(secrets.authorization === null ? {} : { authorization: secrets.authorization }),
      "x-edgewhisk-records": String(records.length),
      "x-edgewhisk-dropped": String(backlog + age + refused),
      ...(await signatureHeaders(secrets.signing, { id, body, now: this.#ports.now() })),
    };
    return this.#ports.hook.send(owner, { url: targetOf(hook), headers, body });
  }

  /** Whether to go on. */
  #take(records: readonly WaitingRecord[], verdict: Verdict): boolean {
    const now = this.#ports.now();
    if (verdict.kind === "again") return this.#fail(verdict.reason);
    if (verdict.kind === "split" && records.length > 1) {
      this.#most = Math.ceil(records.length / 2);
      return true;
    }
    const refused = verdict.kind === "split" ? records.length : verdict.refused;
    this.#queue.landed(records, { refused, now });
    this.#isDropping = false;
    this.#most = Math.min(BATCH.records, this.#most * 2);
    // A receiver that takes none at all is to lose few before somebody looks.
    if (refused === records.length) return this.#fail(`records are dropped: ${verdict.reason ?? "it refuses them"}`);
    this.#failures = 0;
    this.#said = "";
    this.#queue.fault(refused === 0 ? null : `records are dropped: ${verdict.reason ?? "it refuses them"}`, now);
    return true;
  }

  #fail(reason: string): false {
    const now = this.#ports.now();
    this.#retryAt = now + backOffMs(this.#failures++, RETRY);
    this.#queue.fault(reason, now);
    if (reason !== this.#said) this.#ports.warn(`records are not forwarded, and are tried again: ${reason}`);
    this.#said = reason;
    return false;
  }
}

interface Batch {
  records: WaitingRecord[];
  body: Uint8Array<ArrayBuffer>;
}

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
