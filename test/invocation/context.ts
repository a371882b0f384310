// A context over memory, for what needs the whole of it: entities, one store, blobs, a Composition object that does as
// it is told.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import { completionOf, recordOf } from "../../src/entities/activation.ts";
import type { Identity } from "../../src/entities/identity.ts";
import { success } from "../../src/entities/outcome.ts";
import type { Permitting } from "../../src/invocation/permit-leases.ts";
import type { InvocationContext } from "../../src/invocation/ports.ts";
import type { CompositionRun, RunReply } from "../../src/protocol/composition.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import { EntityRows } from "./entities.ts";

export const CALLER: Identity = {
  subject: "someone",
  namespace: { name: "a", uuid: "uuid-a" },
  limits: {},
  key: "uuid-a:secret",
  derived: false,
};

export class MemoryContext implements InvocationContext {
  readonly entities = new EntityRows();
  readonly accepted = new Map<string, Invocation>();
  readonly records = new Map<string, ActivationRecord>();
  readonly texts = new Map<string, string>();
  readonly runs: { run: CompositionRun; waitMs: number }[] = [];
  readonly left: string[] = [];
  readonly entered: string[] = [];
  readonly masterSecret: InvocationContext["masterSecret"] = { current: "master", previous: null };
  hostsMayCome = false;
  /** What the machine says of its disk. */
  fault: string | null = null;
  throttle: InvocationContext["throttle"] = null;
  /** Ended and not kept: only those who wait are told. */
  readonly hidden = new Set<string>();
  /** What accepting does next; "accepted" when it has run out. */
  accepting: ("accepted" | "full" | Error)[] = [];
  /** What the Composition object answers next. */
  composing: (RunReply | Error)[] = [];

  now(): number {
    return 1_000;
  }

  after(_ms: number, run: () => void): () => void {
    const timer = setTimeout(run, 0);
    return () => clearTimeout(timer);
  }

  later(): void {}
  async ailing(): Promise<string | null> {
    return this.fault;
  }
  shard(): number {
    return 7;
  }
  schedulers() {
    return [];
  }
  /** Why no records are taken. */
  full: string | null = null;
  fullness() {
    return this.full;
  }
  scheduler(): never {
    throw new Error("steps take the durable path");
  }
  lease() {
    return { epoch: 1, ttl: 1_000 };
  }
  builtin(path: string) {
    return path === "whisk.system/utils/echo" ? (args: string) => args : undefined;
  }

  readonly blobs = {
    put: async (key: string, value: string | Uint8Array) => {
      this.texts.set(key, typeof value === "string" ? value : new TextDecoder().decode(value));
    },
    text: async (key: string) => this.texts.get(key) ?? null,
    delete: async (keys: string[]) => {
      for (const key of keys) this.texts.delete(key);
    },
  };

  permits(): Permitting {
    return {
      hold: async () => ({ ok: true }),
      enter: async ({ id }) => {
        this.entered.push(id);
        return { ok: true };
      },
      leave: async (ids) => {
        this.left.push(...ids);
      },
    };
  }

  composition() {
    return {
      run: async (run: CompositionRun, { waitMs }: { waitMs: number }): Promise<RunReply> => {
        this.runs.push({ run, waitMs });
        const reply = this.composing.shift() ?? { kind: "accepted" };
        if (reply instanceof Error) throw reply;
        return reply;
      },
      runs: async (id: string) => this.runs.some(({ run }) => run.id === id),
    };
  }

  storeOf(): ReturnType<InvocationContext["storeOf"]> {
    const absent = () => Promise.reject(new Error("not asked for here"));
    return {
      open: absent,
      fail: absent,
      accept: async ([invocation]: Invocation[], { waitMs = 0 }: { waitMs?: number }) => {
        const word = this.accepting.shift() ?? "accepted";
        if (word instanceof Error) throw word;
        if (word === "full" || invocation === undefined) return { kind: "full" };
        if (!this.accepted.has(invocation.id)) this.accepted.set(invocation.id, invocation);
        const record = waitMs > 0 ? this.records.get(invocation.id) : undefined;
        return { kind: "accepted", ...(record === undefined ? {} : { record }) };
      },
      await: async (id: string) => this.#standing(id),
      get: async (id: string) => (this.hidden.has(id) ? { record: null, known: false } : this.#standing(id)),
      complete: async (finished) => {
        for (const { id, about, completion } of finished) {
          if (!this.records.has(id)) this.records.set(id, recordOf(id, about, { completion, now: 2_000 }));
        }
      },
    };
  }

  /** The accepted row ends with this result. */
  end(id: string, result: string): void {
    const invocation = this.accepted.get(id);
    if (invocation === undefined) throw new Error(`${id} was not accepted`);
    const completion = { ...completionOf(success(result), { ran: true }), logs: { inline: '["line"]' } };
    this.records.set(id, recordOf(id, invocation.about, { completion, now: 2_000 }));
  }

  #standing(id: string) {
    const record = this.records.get(id) ?? null;
    return { record, known: record !== null || this.accepted.has(id) };
  }
}
