// What an action may ask for: reading `limits` of a body, and the texts that say why a value is refused.

import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { Parameter } from "./action.ts";
import type { NamespaceLimits } from "./identity.ts";
import { type ActionLimits, type Bounds, type LimitBounds, MAX_PARAMETERS, MAX_RESULT, TRUNCATION } from "./limits.ts";
import { sizeOfParameters } from "./parameters.ts";
import { membersOf, type RawJson, shapeOf } from "./raw-json.ts";
import { bytesOfSize } from "./size.ts";

type LimitName = keyof ActionLimits;

const LABELS: Record<LimitName, string> = {
  timeout: "time limit",
  memory: "memory limit",
  logs: "log limit",
  concurrency: "intra concurrency limit",
  instances: "instance concurrency limit",
};

/** The limits a body names; null counts as not named. `raw` must be valid JSON. */
export function parseLimits(raw: RawJson): Result<Partial<ActionLimits>> {
  const members = membersOf(raw);
  if (members === null) return fail("malformed-body", "'limits' must be an object");
  const limits: Partial<ActionLimits> = {};
  for (const { key, value } of members) {
    if (!Object.hasOwn(LABELS, key)) continue;
    const name = key as LimitName;
    delete limits[name];
    const shape = shapeOf(value);
    if (shape === "null") continue;
    if (shape !== "number") return fail("malformed-body", `${LABELS[name]} malformed`);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) return fail("malformed-body", `${LABELS[name]} must be whole number`);
    limits[name] = number;
  }
  if ((limits.instances ?? 0) < 0) {
    return fail("malformed-body", "Action container concurrency must be greater than or equal to 0.");
  }
  return ok(limits);
}

/** The system's bounds, narrowed by the namespace's own, which can never widen them. */
export function boundsFor(namespace: NamespaceLimits, system: LimitBounds): LimitBounds {
  const narrow = (bounds: Bounds, min: number | undefined, max: number | undefined): Bounds => ({
    min: Math.max(bounds.min, min ?? bounds.min),
    std: bounds.std,
    max: Math.min(bounds.max, max ?? bounds.max),
  });
  return {
    timeout: narrow(system.timeout, namespace.minActionTimeout, namespace.maxActionTimeout),
    memory: narrow(system.memory, namespace.minActionMemory, namespace.maxActionMemory),
    logs: narrow(system.logs, namespace.minActionLogs, namespace.maxActionLogs),
    concurrency: narrow(system.concurrency, namespace.minActionConcurrency, namespace.maxActionConcurrency),
  };
}

/** The first limit out of bounds, or null. */
export function limitFault(limits: Partial<ActionLimits>, bounds: LimitBounds): Failure | null {
  const texts: Record<keyof LimitBounds, (n: number, word: string, bound: number) => string> = {
    memory: (n, word, bound) => `memory size ${n} MB ${word} allowed threshold of ${bound} MB`,
    timeout: (n, word, bound) => `duration ${n} milliseconds ${word} allowed threshold of ${bound} milliseconds`,
    logs: (n, word, bound) => `log size ${n} MB ${word} allowed threshold of ${bound} MB`,
    concurrency: (n, word, bound) => `concurrency ${n} ${word} allowed threshold of ${bound}`,
  };
  for (const [name, text] of Object.entries(texts) as [keyof LimitBounds, (typeof texts)["memory"]][]) {
    const value = limits[name];
    const { min, max } = bounds[name];
    if (value !== undefined && value > max) return fail("bad-request", text(value, "exceeds", max));
    if (value !== undefined && value < min) return fail("bad-request", text(value, "below", min));
  }
  return null;
}

/** `concurrent`: what the namespace may run at once; null = no limit. */
export function instancesFault(limits: Partial<ActionLimits>, concurrent: number | null): Failure | null {
  if (concurrent === null || limits.instances === undefined || limits.instances <= concurrent) return null;
  const text = `Max action instance concurrency must not exceed your namespace concurrency of ${concurrent}.`;
  return fail("bad-request", text);
}

/** Bytes that the parameters, and the annotations, of one entity may have. */
export function maxParameters(namespace: NamespaceLimits): number {
  const own = namespace.maxParameterSize === undefined ? null : bytesOfSize(namespace.maxParameterSize);
  return own === null ? MAX_PARAMETERS : Math.min(own, MAX_PARAMETERS);
}

/** Bytes an answer may have, and bytes echoed of a longer one; undefined where the system's bounds hold. */
export function answerBounds(namespace: NamespaceLimits): { max: number; truncation: number } | undefined {
  const { maxPayloadSize, truncationSize } = namespace;
  if (maxPayloadSize === undefined && truncationSize === undefined) return undefined;
  const within = (own: string | undefined, most: number) =>
    Math.min(most, own === undefined ? most : (bytesOfSize(own) ?? most));
  return { max: within(maxPayloadSize, MAX_RESULT), truncation: within(truncationSize, TRUNCATION) };
}

/** Why an entity's parameters or annotations are too large, or null. */
export function parametersFault(
  put: { parameters?: Parameter[]; annotations?: Parameter[] },
  namespace: NamespaceLimits,
): Failure | null {
  const max = maxParameters(namespace);
  for (const name of ["parameters", "annotations"] as const) {
    const size = sizeOfParameters(put[name] ?? []);
    if (size > max) return fail("too-large", `${name} larger than allowed: ${size} > ${max} bytes.`);
  }
  return null;
}
