// Judges compositions: every record agrees with its plan and with the records it names, and nothing was started that no
// record names.

import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { errorMember } from "../../../src/entities/outcome.ts";
import type { Run } from "./history.ts";
import type { World } from "./world.ts";

/** The one end a composition may come to by itself here: a step had no record in time. */
const LATE = /^\{"error":"Timeout reached when retrieving activation /;

/** How many there were. */
export function composed(world: World): number {
  const { history } = world;
  let count = 0;
  for (const run of history.runs) {
    const record = recordIn(world, run.id);
    // Where storing is off records are emptied one after the other.
    if (record === null || !world.scenario.namespaces.some((each) => each.uuid === run.namespace && each.storing))
      continue;
    count++;
    const walk = new Walk(world, run);
    walk.compare(record);
    for (const { id, call } of history.starts)
      if (call === run.call && !walk.leaves.has(id))
        history.violate(`composition ${call} started ${id}, which no record names`);
  }
  return count;
}

class Walk {
  /** Ids of what ran in containers. */
  readonly leaves = new Set<string>();
  readonly #world: World;
  readonly #run: Run;
  #failed = false;

  constructor(world: World, run: Run) {
    this.#world = world;
    this.#run = run;
  }

  /** The outermost record, and with it all others. */
  compare(record: ActivationRecord): void {
    this.#visit(record);
    if (this.#failed || record.statusCode !== 0) return;
    const { hop } = JSON.parse(textOf(record)) as { hop?: number };
    if (hop !== this.leaves.size) this.#violate(record, `has handed on ${hop} times in ${this.leaves.size} steps`);
  }

  #visit(record: ActivationRecord): void {
    const plan = this.#world.scenario.compositions.find((each) => each.name === record.name);
    const isStep = plan === undefined || !record.annotations.includes('"topmost"');
    if (isStep) {
      this.leaves.add(record.activationId);
      if (record.statusCode !== 0) this.#failed = true;
      return;
    }
    const wanted = plan.kind === "sequence" ? plan.parts : around(plan.name, plan.parts);
    const ids = "inline" in record.logs ? (JSON.parse(record.logs.inline) as string[]) : [];
    const parts: ActivationRecord[] = [];
    for (const [at, id] of ids.entries()) {
      const part = recordIn(this.#world, id);
      if (part === null) {
        this.#violate(record, `names ${id}, which has no record`);
        return;
      }
      if (part.name !== wanted[at]) this.#violate(record, `has ${part.name} at ${at}, where ${wanted[at]} should be`);
      if (part.cause !== record.activationId) this.#violate(record, `is not the cause of its step ${id}`);
      parts.push(part);
      this.#visit(part);
    }
    this.#end(record, { parts, isWhole: parts.length === wanted.length, conducts: plan.kind === "conductor" });
  }

  #end(record: ActivationRecord, how: { parts: ActivationRecord[]; isWhole: boolean; conducts: boolean }): void {
    const { parts, isWhole, conducts } = how;
    const last = parts.at(-1);
    const own = textOf(record);
    if (record.statusCode === 3 && LATE.test(own)) {
      this.#failed = true;
      if (this.#world.scenario.profile === "calm") this.#violate(record, "gave up a step without any fault");
      return;
    }
    if (last === undefined) {
      this.#violate(record, `ended before its first step: ${own}`);
      return;
    }
    const sum = parts.reduce((total, part) => total + part.duration, 0);
    if (sum !== record.duration) this.#violate(record, `took ${record.duration} ms, its steps ${sum}`);
    const text = textOf(last);
    const expected = conducts && last.statusCode === 0 ? paramsOf(text) : text;
    const failed = last.statusCode !== 0 || errorMember(text) !== undefined;
    if (!isWhole && !failed) this.#violate(record, `ended after ${parts.length} steps: ${own}`);
    if (own !== expected || record.statusCode !== last.statusCode)
      this.#violate(
        record,
        `ended with ${record.statusCode} ${own}, its last step with ${last.statusCode} ${expected}`,
      );
  }

  #violate({ activationId, name }: ActivationRecord, text: string): void {
    this.#world.history.violate(`composition ${this.#run.call}: ${name} ${activationId} ${text}`);
  }
}

/** What a conductor's record lists: it is asked before and after each. */
function around(name: string, parts: readonly string[]): string[] {
  return [name, ...parts.flatMap((part) => [part, name])];
}

function paramsOf(text: string): string {
  return JSON.stringify((JSON.parse(text) as { params?: unknown }).params);
}

function textOf({ result }: ActivationRecord): string {
  return "inline" in result ? result.inline : result.blob;
}

function recordIn(world: World, id: string): ActivationRecord | null {
  const text = world.recordText(id) ?? "";
  return text === "" ? null : (JSON.parse(text) as ActivationRecord);
}
