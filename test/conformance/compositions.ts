// What the cases about runs, sequences and conductors share.

import { expect } from "vitest";
import { type Answer, annotation, ask, code, fresh, type Loose, make, namespace, recordOf } from "./suite.ts";

export const COUNT = "function main(args) { return { ...args, n: (args.n || 0) + 1 }; }";

/** A new action; its name. */
export async function action(source = COUNT, more: object = {}): Promise<string> {
  const name = fresh("step");
  await make(`actions/${name}`, code(source, more));
  return name;
}

/** The body of a sequence; names without namespace are the first one's. */
export function sequenceOf(components: readonly string[], more: object = {}): object {
  const full = components.map((each) => (each.startsWith("/") ? each : `/${namespace(1)}/${each}`));
  return { exec: { kind: "sequence", components: full }, ...more };
}

/** A new sequence; its name. */
export async function sequence(components: readonly string[], more: object = {}): Promise<string> {
  const name = fresh("seq");
  await make(`actions/${name}`, sequenceOf(components, more));
  return name;
}

export function put(name: string, body: object): Promise<Answer> {
  return ask("PUT", `actions/${name}?overwrite=true`, { body });
}

export function invoke(name: string, body: object = {}, query = "?blocking=true"): Promise<Answer> {
  return ask("POST", `actions/${name}${query}`, { body });
}

export function times(count: number, name: string): string[] {
  return Array.from({ length: count }, () => name);
}

/** The records a composition names in its logs, in order, each checked to be a part of it. */
export async function partsOf(record: Loose, owner: 1 | 2 | string = 1): Promise<Loose[]> {
  const parts: Loose[] = [];
  for (const id of record.logs) {
    const part = await recordOf(id, owner);
    expect([part.cause, annotation(part, "causedBy")]).toEqual([record.activationId, "sequence"]);
    expect(annotation(part, "waitTime")).toBeGreaterThanOrEqual(0);
    parts.push(part);
  }
  return parts;
}
