// Takes one run from step to step. What has been decided is written down before anything is asked or told because of
// it, so that whoever takes the run up again asks for the same step, or tells the same end.

import { type ActivationRecord, recordOf } from "../../src/entities/activation.ts";
import { type ActivationId, derivedActivationId } from "../../src/entities/activation-id.ts";
import type { CompositionRun } from "../../src/protocol/composition.ts";
import { ANSWER_WITHIN_MS, within } from "../shared/deadline.ts";
import { type Nested, outcomeOf } from "./asking.ts";
import { keyOf, offloadLarge, resultKey, textOf } from "./blob-offload.ts";
import { after, asStep, begin, inner, MAX_DEEP, outermost, recordParts, wanted } from "./machine.ts";
import type { CompositionPorts } from "./ports.ts";
import type { Held, RunStore } from "./run-store.ts";
import type { Decision, Ending, Progress, StackFrame, StepEvent, Texts } from "./state.ts";

/** A step is tried under one attempt: what was accepted is never accepted again. */
const ATTEMPT = "1";
const NOBODY = { scheduler: "composition", epoch: 0 };

/** The first frame of a run, with its first step. */
export async function framed(ports: CompositionPorts, run: CompositionRun): Promise<StackFrame> {
  const frame = outermost(run.id, { about: run.about, plan: run.plan, now: ports.now() });
  return { ...frame, progress: await written(ports, frame, begin(frame, run.args)) };
}

export interface DriverOptions {
  runStore: RunStore;
  ports: CompositionPorts;
  /** The run is over; its record is in the store. */
  ended: (record: ActivationRecord) => void;
}

export class Driver {
  readonly #id: ActivationId;
  readonly #runStore: RunStore;
  readonly #ports: CompositionPorts;
  readonly #ended: (record: ActivationRecord) => void;
  /** A step that was under way when an object was lost gets its time anew. */
  readonly #tookUp: number;

  constructor(id: ActivationId, { runStore, ports, ended }: DriverOptions) {
    this.#id = id;
    this.#runStore = runStore;
    this.#ports = ports;
    this.#ended = ended;
    this.#tookUp = ports.now();
  }

  /** One step, or one end. False when the run is over. Throws if somebody it needs could not be reached:
   * again later. */
  async advance(): Promise<boolean> {
    const held = this.#runStore.load(this.#id);
    if (held === null) return false;
    const { end, step } = held.frame.progress;
    if (end !== undefined) return this.#end(held, end);
    if (step === undefined) throw new Error(`run ${this.#id} has neither a step nor an end`);
    const outcome = await outcomeOf(this.#ports, held, { step, since: Math.max(step.since, this.#tookUp) });
    if (outcome.kind !== "nested") return this.#go(held.frame, held.depth, outcome);
    if (held.depth + 1 >= MAX_DEEP) return this.#go(held.frame, held.depth, { kind: "refused", reason: "deep" });
    return this.#enter(held, { id: step.id, nested: outcome });
  }

  async #go(frame: StackFrame, depth: number, event: StepEvent): Promise<boolean> {
    this.#runStore.save(this.#id, depth, await this.#follow(frame, event));
    return true;
  }

  /** The step is a composition itself: what is in it comes first. */
  async #enter({ frame, depth }: Held, { id, nested }: { id: ActivationId; nested: Nested }): Promise<boolean> {
    const { about, plan, args, ...lent } = nested;
    const made = inner(frame, { ...lent, id, about, plan, now: this.#ports.now() });
    const progress = await written(this.#ports, made, begin(made, args));
    this.#runStore.push(this.#id, depth + 1, { ...made, progress });
    return true;
  }

  async #end({ frame, depth, argsBlob }: Held, end: Ending): Promise<boolean> {
    const ports = this.#ports;
    const { about, completion } = recordParts(frame, end);
    const lease = { epoch: 0, counter: 0 };
    const finished = { id: frame.id, attempt: 1, lease, about, completion, endedAt: end.at };
    await within(ports.after, ANSWER_WITHIN_MS, ports.store().complete([finished], NOBODY));
    if (depth > 0) {
      const outer = this.#runStore.frameAt(this.#id, depth - 1);
      const progress = await this.#follow(outer, asStep(frame, end, outer));
      this.#runStore.pop(this.#id, depth, progress);
      this.#forget(frame.progress.blobs);
      return true;
    }
    this.#runStore.end(this.#id, ports.now());
    this.#forget(argsBlob === "" ? frame.progress.blobs : [...frame.progress.blobs, argsBlob]);
    this.#ended(recordOf(frame.id, about, { completion, now: end.at }));
    return false;
  }

  async #follow(frame: StackFrame, event: StepEvent): Promise<Progress> {
    const texts: Texts = {};
    const need = wanted(frame, event);
    const { blobs } = this.#ports;
    const result = need.result && event.kind === "ended" ? await textOf(blobs, event.result) : undefined;
    const { state: saved } = frame.progress;
    const state = need.state && saved !== undefined ? await textOf(blobs, saved) : undefined;
    if (result === null || state === null) {
      const unreadable = { kind: "unreadable", id: frame.progress.step?.id ?? frame.id } as const;
      return written(this.#ports, frame, after(frame, unreadable, {}));
    }
    if (result !== undefined) texts.result = result;
    if (state !== undefined) texts.state = state;
    return written(this.#ports, frame, after(frame, event, texts));
  }

  /** Best effort: nobody knows these but the rows that are gone by now. */
  #forget(keys: string[]): void {
    if (keys.length === 0) return;
    this.#ports.blobs.delete(keys).catch((error: unknown) => {
      this.#ports.warn(`blobs were not deleted: ${String(error)}`);
    });
  }
}

/** What a decision makes of the frame's progress, as it can be kept. */
async function written(ports: CompositionPorts, frame: StackFrame, turn: Decision): Promise<Progress> {
  const { step: _, ...progress } = turn.progress;
  const { move } = turn;
  if (move.kind === "end") {
    const { statusCode, failed } = move;
    const result = await offloadLarge(ports.blobs, move.result, { key: resultKey(frame), owner: frame.about });
    return { ...progress, end: { statusCode, result, failed, at: ports.now() } };
  }
  const steps = progress.steps + 1;
  const next: Progress = { ...progress, steps };
  const blobs = [...progress.blobs];
  if (turn.state === null) delete next.state;
  else if (turn.state !== undefined) {
    const key = keyOf(frame, steps, "state");
    next.state = await offloadLarge(ports.blobs, { text: turn.state }, { key, owner: frame.about });
    if ("blob" in next.state) blobs.push(key);
  }
  const key = keyOf(frame, steps, "payload");
  const payload = await offloadLarge(ports.blobs, move.payload, { key, owner: frame.about });
  if ("blob" in payload && payload.blob === key) blobs.push(key);
  const id = await derivedActivationId(frame.id, [String(steps), ATTEMPT]);
  const { action, role } = move;
  return { ...next, blobs, step: { id, action, role, payload, since: ports.now() } };
}
