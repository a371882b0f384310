// Judges fires: what a fact names is what happens, once; each rule has one line in the trigger's record,
// and the line is true.

import type { ActivationRecord } from "../../../src/entities/activation.ts";
import type { Fact } from "./history.ts";
import { GONE } from "./isolate.ts";
import type { World } from "./world.ts";

interface Line {
  rule: string;
  success: boolean;
  activationId?: string;
  error?: string;
}

/** How many there were. */
export function fired(world: World, records: Map<string, ActivationRecord>): number {
  const { history, scenario } = world;
  const named = new Set(history.facts.flatMap((fact) => fact.rules).map((each) => each.id));
  for (const { id, call } of history.starts) {
    if (call >= scenario.calls.length && !named.has(id))
      history.violate(`fire ${call} started ${id}, which no fact names`);
  }
  for (const fact of history.facts) {
    const record = records.get(fact.id);
    if (record !== undefined) lines(world, fact, record);
  }
  return history.facts.filter((fact) => records.has(fact.id)).length;
}

function lines(world: World, fact: Fact, { logs, statusCode }: ActivationRecord): void {
  const { history } = world;
  const told = "inline" in logs ? (JSON.parse(logs.inline) as string[]) : [];
  if (statusCode !== 0 || told.length !== fact.rules.length)
    history.violate(`fire ${fact.call} of ${fact.rules.length} rules has ${told.length} lines`);
  for (const [at, text] of told.entries()) {
    const rule = fact.rules[at];
    const line = typeof text === "string" ? (JSON.parse(text) as Line) : null;
    if (rule === undefined || line?.rule !== rule.rule) {
      history.violate(`fire ${fact.call} has a line of no rule: ${text}`);
      continue;
    }
    const wrong = fault(world, { fact, rule, line });
    if (wrong !== null) history.violate(`fire ${fact.call}, ${rule.rule}: ${wrong}`);
  }
}

function fault(
  world: World,
  { fact, rule, line }: { fact: Fact; rule: Fact["rules"][number]; line: Line },
): string | null {
  const { history, scenario } = world;
  const started = history.starts.some((each) => each.id === rule.id);
  if (!rule.active || rule.action === GONE) {
    if (line.success) return "it was not served, and its line says so";
    return started ? "it was started" : null;
  }
  if (line.success)
    return line.activationId === rule.id && hasEnded(world, rule.id) ? null : "its activation did not end";
  // A fan-out that is done again while the first is still on its way may be refused what the first one gets.
  const clear = scenario.profile === "calm" || (scenario.profile === "single" && scenario.weather.loss === 0);
  if (started && clear) return `its line says ${line.error}, but it was started`;
  const limited = scenario.namespaces.some(
    (each) => each.uuid === fact.namespace && Object.keys(each.limits).length > 0,
  );
  return limited ? null : `it was refused: ${line.error}`;
}

function hasEnded(world: World, id: string): boolean {
  return world.recordText(id) !== null;
}
