// An action among the entities in memory, as the store has it.

import type { Action } from "../../src/entities/action.ts";
import { documentOf, summaryOf } from "../../src/entities/action-document.ts";
import type { MemoryCatalog } from "./context.ts";

/** `name`: also `package/name`. */
export function makeAction(context: MemoryCatalog, name: string, changes: Partial<Action> = {}): Action {
  const full = `${context.caller.namespace.name}/${name}`;
  const at = full.lastIndexOf("/");
  const action: Action = {
    namespace: full.slice(0, at),
    name: full.slice(at + 1),
    version: "0.0.1",
    publish: false,
    annotations: [],
    parameters: [],
    limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
    exec: { kind: "nodejs:20", code: { key: "code/x", hash: "x", size: 1 }, binary: false },
    updated: 1,
    revision: `made-${context.entities.rows.size}`,
    ...changes,
  };
  const { namespace: path, updated, revision } = action;
  const row = { path, name: action.name, type: "action" as const, updated, revision, blobs: [] };
  context.entities.rows.set(full, { ...row, document: documentOf(action), summary: summaryOf(action) });
  return action;
}
