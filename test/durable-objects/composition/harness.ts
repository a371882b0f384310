// A platform for the core of Composition objects: actions are functions, the store is a map, and the object can be lost
// at any moment it touches the outside. A lost incarnation hears nothing any more and finds its storage closed.

import { CompositionCore } from "../../../durable-objects/composition/core.ts";
import type { CompositionPorts } from "../../../durable-objects/composition/ports.ts";
import type { Database } from "../../../durable-objects/shared/schema.ts";
import { type ActivationMeta, type ActivationRecord, recordOf } from "../../../src/entities/activation.ts";
import { type ActivationId, newActivationId } from "../../../src/entities/activation-id.ts";
import { rightsOf } from "../../../src/entities/identity.ts";
import { errorMember, type StatusCode } from "../../../src/entities/outcome.ts";
import type { Rights } from "../../../src/entities/rights.ts";
import { fail } from "../../../src/errors.ts";
import type {
  ActionName,
  CompositionPlan,
  CompositionRun,
  RunReply,
  StepReply,
  StepRequest,
} from "../../../src/protocol/composition.ts";
import type { Finished } from "../../../src/protocol/rpc.ts";
import { completed, metaOf } from "../calls.ts";
import { Clock, openDatabase, settle } from "../clock.ts";

/** What an action does with its arguments; `never`: it is accepted and has no record. */
export type Act = (args: string) => string | { statusCode: StatusCode; result: string } | "never" | Error;
export type Action =
  | { run: Act; memory?: number; forbidden?: boolean }
  | { sequence: string[]; writtenWith?: Rights }
  | { conductor: Act; memory?: number };

/** Digests are made on other threads: while one is, no time passes. */
let digesting = 0;
const { subtle } = crypto;
const digest = subtle.digest.bind(subtle);
subtle.digest = async (...args) => {
  digesting++;
  try {
    return await digest(...args);
  } finally {
    digesting--;
  }
};

/** Until nothing is left to do but to wait. */
async function quiet(): Promise<void> {
  for (let still = 0; still < 10; still++) {
    await settle();
    if (digesting > 0) still = 0;
  }
}

export const LIMITS = { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 };

export class Harness {
  readonly clock = new Clock();
  readonly database: Database = openDatabase();
  readonly records = new Map<ActivationId, ActivationRecord>();
  readonly abouts = new Map<ActivationId, ActivationMeta>();
  readonly blobs = new Map<string, string>();
  readonly starts: { id: ActivationId; name: string; args: string }[] = [];
  /** What each step's caller may do, by the step's name. */
  readonly lent: [name: string, rights: Rights][] = [];
  readonly warnings: string[] = [];
  readonly actions: Record<string, Action>;
  /** The object is lost at this moment, counted from 1. */
  lostAt = 0;
  moments = 0;
  alarmAt: number | null = null;
  /** How many incarnations there were. */
  lives = 0;
  core: CompositionCore;
  /** ms a step may take before the Worker says that it goes on. */
  slow = new Map<string, number>();

  constructor(actions: Record<string, Action>) {
    this.actions = actions;
    this.core = this.#incarnate();
  }

  /** The caller asks until he is answered; the object comes back after each loss. */
  async call(run: CompositionRun, options: { waitMs: number; patience?: number }): Promise<RunReply> {
    const patience = options.patience ?? 30;
    for (let round = 0; round < patience; round++) {
      let reply: RunReply | undefined;
      void this.core.run(run, { waitMs: options.waitMs }).then((value) => {
        reply = value;
      });
      const life = this.lives;
      for (let tries = 0; tries < 500 && reply === undefined && this.lives === life; tries++) {
        await this.#pass();
      }
      if (reply !== undefined) return reply;
    }
    throw new Error("the caller was never answered");
  }

  /** Time passes, alarms ring, until the run has its record. */
  async ended(id: ActivationId, ms = 3_600_000): Promise<ActivationRecord> {
    const until = this.clock.at + ms;
    for (;;) {
      const record = this.records.get(id);
      if (record !== undefined && this.core.backlog().running === 0) return record;
      if (this.clock.at > until) throw new Error(`run ${id} did not end: ${this.warnings.at(-1)}`);
      await this.#pass();
      this.ring();
    }
  }

  /** What can be done is done; a second passes if something is left. */
  async #pass(): Promise<void> {
    const { moments } = this;
    await quiet();
    if (this.moments === moments) await this.clock.advance(1_000);
  }

  ring(): void {
    if (this.alarmAt === null || this.alarmAt > this.clock.at) return;
    this.alarmAt = null;
    void this.core.alarm();
  }

  /** The incarnation is gone, and so is all that was soft. */
  lose(): void {
    this.core = this.#incarnate();
  }

  runOf(name: string, args = "{}"): CompositionRun {
    const { kind, plan } = this.#planOf(name);
    return {
      id: newActivationId(this.clock.at, 1),
      about: metaOf({ name, path: `guest/${name}`, kind, limits: LIMITS, acceptedAt: this.clock.at }),
      plan,
      args: { inline: args },
      onBehalf: {
        identity: { subject: "guest", namespace: { name: "guest", uuid: "ns" }, limits: {}, derived: false },
        sealedKey: "sealed",
        apiHost: "http://here",
      },
    };
  }

  result(id: ActivationId): string {
    const record = this.records.get(id);
    if (record === undefined) throw new Error(`${id} has no record`);
    const { result } = record;
    return "inline" in result ? result.inline : (this.blobs.get(result.blob) ?? "gone");
  }

  /** Names of the records that the logs of this one list, nested ones in brackets. */
  told(id: ActivationId): string {
    const record = this.records.get(id);
    if (record === undefined || !("inline" in record.logs)) return "?";
    const logs = JSON.parse(record.logs.inline) as string[];
    return logs
      .map((each) => {
        const part = this.records.get(each);
        return this.abouts.get(each)?.topmost === undefined ? (part?.name ?? "?") : `${part?.name}[${this.told(each)}]`;
      })
      .join(" ");
  }

  annotation(id: ActivationId, key: string): unknown {
    const list = JSON.parse(this.records.get(id)?.annotations ?? "[]") as { key: string; value: unknown }[];
    return list.find((each) => each.key === key)?.value;
  }

  #planOf(name: string): { kind: string; plan: CompositionPlan } {
    const action = this.actions[name];
    if (action !== undefined && "sequence" in action) {
      return { kind: "sequence", plan: { kind: "sequence", components: action.sequence.map(named) } };
    }
    return { kind: "sequence", plan: { kind: "conductor", action: named(name) } };
  }

  #incarnate(): CompositionCore {
    const life = ++this.lives;
    const alive = (): boolean => this.lives === life;
    const never = new Promise<never>(() => {});
    /** Two moments: before the outside has done its part, and after. */
    const outside = async <T>(act: () => T | Promise<T>): Promise<T> => {
      if (!(await this.#moment(alive))) return never;
      const value = await act();
      return (await this.#moment(alive)) ? value : never;
    };
    const open = <T>(act: () => T): T => {
      if (!alive()) throw new Error("storage is no longer accessible");
      return act();
    };
    const database: Database = {
      sql: { exec: (query, ...bindings) => open(() => this.database.sql.exec(query, ...bindings)) },
      transaction: (run) => open(() => this.database.transaction(run)),
    };
    const ports: CompositionPorts = {
      now: this.clock.now,
      after: (ms, run) => this.clock.after(ms, () => alive() && run()),
      setAlarm: (at) => {
        if (alive()) this.alarmAt = at;
      },
      step: (request) => outside(() => this.#step(request)),
      store: () => ({
        await: (id, { ms }) => outside(() => this.#await(id, ms)),
        complete: (list) => outside(() => this.#complete(list)),
      }),
      blobs: {
        text: (key) => outside(() => this.blobs.get(key) ?? null),
        put: (key, value) =>
          outside(() => {
            this.blobs.set(key, typeof value === "string" ? value : new TextDecoder().decode(value));
          }),
        delete: async (keys) => {
          for (const key of keys) this.blobs.delete(key);
        },
      },
      longest: 300_000,
      warn: (text) => this.warnings.push(text),
    };
    return new CompositionCore({ database, ports });
  }

  async #moment(alive: () => boolean): Promise<boolean> {
    await settle();
    if (!alive()) return false;
    if (++this.moments === this.lostAt) this.lose();
    return alive();
  }

  /** As the Worker does it: nothing is started twice, what was started before is not asked about its name again. */
  async #step(request: StepRequest): Promise<StepReply> {
    const { id, action, role } = request;
    const record = this.records.get(id);
    if (record !== undefined) return { kind: "done", record };
    if (this.abouts.has(id)) return { kind: "accepted", limits: LIMITS };
    const found = action.path === "guest" ? this.actions[action.name] : undefined;
    if (found === undefined) return { kind: "refused", failure: fail("not-found") };
    const memory = "memory" in found ? (found.memory ?? 256) : 256;
    const limits = { ...LIMITS, memory };
    const about = metaOf({ name: action.name, path: `guest/${action.name}`, limits });
    if ("sequence" in found || ("conductor" in found && role === "component")) {
      const { kind, plan } = this.#planOf(action.name);
      const rights = "writtenWith" in found ? { rights: found.writtenWith ?? ("owner" as const) } : {};
      return { kind: "nested", about: { ...about, kind }, plan, args: request.payload, ...rights };
    }
    if ("forbidden" in found && found.forbidden)
      return { kind: "refused", failure: fail("not-authorized", action.name) };
    this.lent.push([action.name, rightsOf(request.onBehalf.identity)]);
    const { payload } = request;
    const args = "inline" in payload ? payload.inline : (this.blobs.get(payload.blob) ?? "gone");
    return this.#start(id, { about: { ...about, cause: request.cause, causedBy: "sequence" }, args, found });
  }

  #start(
    id: ActivationId,
    { about, args, found }: { about: ActivationMeta; args: string; found: Exclude<Action, { sequence: string[] }> },
  ): StepReply {
    const answer = "run" in found ? found.run(args) : found.conductor(args);
    if (answer instanceof Error) throw answer;
    this.starts.push({ id, name: about.name, args });
    this.abouts.set(id, about);
    if (answer === "never") return { kind: "accepted", limits: about.limits };
    const error = typeof answer === "string" ? errorMember(answer) : undefined;
    const text = typeof answer === "string" ? (error === undefined ? answer : `{"error":${error}}`) : answer.result;
    const statusCode = typeof answer === "string" ? (error === undefined ? 0 : 1) : answer.statusCode;
    const record = recordOf(id, about, {
      completion: { ...completed(this.#place(id, text)), statusCode },
      now: this.clock.at,
    });
    const placed =
      "inline" in record.result && record.result.inline.startsWith("blob:") ? this.#pointer(record) : record;
    const delay = this.slow.get(about.name) ?? 0;
    if (delay === 0) this.records.set(id, placed);
    else this.clock.after(delay, () => this.records.set(id, placed));
    return delay === 0 ? { kind: "done", record: placed } : { kind: "accepted", limits: about.limits };
  }

  /** As a host does it: what is large lies in the blob store. */
  #place(id: ActivationId, text: string): string {
    if (text.length <= 64 * 1024) return text;
    this.blobs.set(`results/${id}/1`, text);
    return `blob:results/${id}/1`;
  }

  #pointer(record: ActivationRecord): ActivationRecord {
    const blob = `results/${record.activationId}/1`;
    return { ...record, result: { blob, size: this.blobs.get(blob)?.length ?? 0 } };
  }

  async #await(id: ActivationId, ms: number): Promise<{ record: ActivationRecord | null; known: boolean }> {
    const until = this.clock.at + ms;
    while (!this.records.has(id) && this.clock.at < until) {
      await new Promise<void>((resolve) => this.clock.after(Math.min(1_000, until - this.clock.at), resolve));
    }
    return { record: this.records.get(id) ?? null, known: this.abouts.has(id) };
  }

  #complete(list: Finished[]): void {
    for (const { id, about, completion, endedAt } of list) {
      this.abouts.set(id, about);
      if (this.records.has(id)) continue;
      this.records.set(id, recordOf(id, about, { completion, now: endedAt ?? this.clock.at }));
    }
  }
}

function named(name: string): ActionName {
  return { path: "guest", name };
}
