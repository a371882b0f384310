// Whether a message is a run as nearly all are, told without a schema: one of those makes 15 KB of garbage of each.
// Says yes only where the schema would take the message and leave it as it is; of the others the schema judges.

import { MAX_TEXT, MAX_TRANSACTION } from "./invocation.ts";
import { MAX_ATTEMPT, type SchedulerMessage } from "./messages.ts";

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;
/** By field. */
type Shape = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === "string" && value.length <= MAX_TEXT;
const isString: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => Number.isFinite(value);
const isAmount: Check = (value) => Number.isFinite(value) && (value as number) >= 0;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isBoolean: Check = (value) => typeof value === "boolean";

const LEASE: Shape = { epoch: isCount, counter: isCount };
const LIMITS: Shape = { timeout: isAmount, memory: isAmount, logs: isAmount, concurrency: isAmount };
const ABOUT: Shape = {
  namespace: isText,
  namespaceId: isText,
  subject: isText,
  name: isText,
  version: isText,
  path: isText,
  kind: isText,
  limits: (value) => fits(value, LIMITS, {}),
  acceptedAt: isAmount,
  transactionId: (value) => typeof value === "string" && value.length <= MAX_TRANSACTION,
};
const MORE_ABOUT: Shape = {
  keyId: isText,
  binding: isText,
  cause: isText,
  causedBy: (value) => value === "sequence",
  topmost: isBoolean,
  conductor: (value) => value === true,
  store: isBoolean,
  permitMs: isAmount,
  actionRevision: isText,
  trigger: isText,
  rule: isText,
  source: isText,
};
const CODE: Shape = { key: isString, hash: isString, size: isNumber };
const EXEC: Shape = { kind: isString, binary: isBoolean };
const MORE_EXEC: Shape = { main: isString, code: (value) => fits(value, CODE, {}) };
const INLINE: Shape = { inline: isString };
const INVOCATION: Shape = {
  id: (value) => typeof value === "string" && value.length === 32,
  about: (value) => fits(value, ABOUT, MORE_ABOUT),
  revision: isString,
  exec: (value) => fits(value, EXEC, MORE_EXEC),
  args: (value) => fits(value, INLINE, {}),
  credential: (value) => value === "none" || value === "activation" || value === "owner",
  blocking: isBoolean,
};
const MORE_INVOCATION: Shape = {
  rights: (value) =>
    value === "none" || value === "read" || value === "invoke" || value === "use" || value === "deploy",
};
const RUN: Shape = {
  t: (value) => value === "run",
  epoch: isNumber,
  lease: (value) => fits(value, LEASE, {}),
  attempt: (value) => isCount(value) && (value as number) >= 1 && (value as number) <= MAX_ATTEMPT,
  invocation: (value) => fits(value, INVOCATION, MORE_INVOCATION),
};
const MORE_RUN: Shape = { key: isString };

/** `item` comes from JSON. */
export function isPlainRun(item: unknown): item is Extract<SchedulerMessage, { t: "run" }> {
  return fits(item, RUN, MORE_RUN);
}

/** It has all fields of `shape`, of `rest` any, and no others. */
function fits(value: unknown, shape: Shape, rest: Shape): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const fields = value as Fields;
  for (const name in shape) if (shape[name]?.(fields[name]) !== true) return false;
  for (const name in fields) {
    if (Object.hasOwn(shape, name)) continue;
    if (!Object.hasOwn(rest, name) || rest[name]?.(fields[name]) !== true) return false;
  }
  return true;
}
