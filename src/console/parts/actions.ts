// Actions as the API shows them, and how they are called.

import { type Asked, ask, ownPath } from "./api.ts";
import type { KeyValue } from "./entities.ts";

export interface ShownLimits {
  timeout: number;
  memory: number;
  logs: number;
  concurrency: number;
}

export interface ShownAction {
  namespace: string;
  name: string;
  version: string;
  updated: number;
  exec: { kind: string; code?: string; binary?: boolean; main?: string; image?: string; components?: string[] };
  annotations: KeyValue[];
  parameters: KeyValue[];
  limits: ShownLimits;
}

/** `name` or `package/name`, as parts of an address. */
export function partsOf({ namespace, name }: Pick<ShownAction, "namespace" | "name">): string[] {
  const [, inPackage] = namespace.split("/");
  return inPackage === undefined ? [name] : [inPackage, name];
}

/** Inputs of the runs that this tab has started: records do not hold them. */
const inputs = new Map<string, string>();
const MAX_INPUTS = 100;

/** Starts a run and does not wait for it. `input`: JSON text of an object. */
export async function startRun(parts: readonly string[], input: string): Promise<Asked<{ activationId: string }>> {
  const answer = await ask<{ activationId: string }>(ownPath("actions", ...parts), { method: "POST", body: input });
  if (answer.ok) {
    inputs.set(answer.value.activationId, input);
    const [oldest] = inputs.keys();
    if (inputs.size > MAX_INPUTS && oldest !== undefined) inputs.delete(oldest);
  }
  return answer;
}

export function inputOf(activationId: string): string | undefined {
  return inputs.get(activationId);
}

/** Null: it can be sent. */
export function inputFault(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? null
      : "The input must be an object, such as {}.";
  } catch (error) {
    return `The input is not JSON: ${(error as Error).message}`;
  }
}
