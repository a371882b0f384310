// What is in `/whisk.system` without anybody having put it there: one line for each package.

import type { Action, Parameter } from "../entities/action.ts";
import { DEFAULT_BOUNDS } from "../entities/limits.ts";
import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import type { Package } from "../entities/package.ts";
import { BUILTIN } from "../entities/runtimes.ts";
import { FIRST_VERSION } from "../entities/version.ts";
import type { Builtin } from "../invocation/builtin.ts";
import type { SystemPorts } from "./ports.ts";
import type { Notes, SystemAction, SystemFunction, SystemPackage } from "./system-package.ts";
import { UTILS } from "./utils.ts";

/** All of them, by name. */
export const SYSTEM_PACKAGES: readonly SystemPackage[] = [UTILS];

/** Older than anything that is stored. */
const UPDATED = Date.UTC(2026, 0, 1);
/** Of entities that nobody has stored; a stored revision never looks like it. */
const REVISION = "builtin-1";

export const PACKAGES: readonly Package[] = SYSTEM_PACKAGES.map(packageOf);

export const ACTIONS: readonly Action[] = SYSTEM_PACKAGES.flatMap((bundle) =>
  Object.entries(bundle.actions).map(([name, action]) => actionOf(bundle, name, action)),
);

const functions: ReadonlyMap<string, SystemFunction> = new Map(
  SYSTEM_PACKAGES.flatMap(({ name: bundle, actions }) =>
    Object.entries(actions).map(([name, { run }]) => [`${SYSTEM_NAMESPACE}/${bundle}/${name}`, run] as const),
  ),
);

/** The function behind an action's path, with what it may ask of the platform. */
export function builtinOf(path: string, ports: SystemPorts): Builtin | undefined {
  const run = functions.get(path);
  return run === undefined ? undefined : (args, context) => run(args, context, ports);
}

export function isBuiltinRevision(revision: string): boolean {
  return revision === REVISION;
}

function packageOf({ name, publish, notes, parameters = {} }: SystemPackage): Package {
  return {
    namespace: SYSTEM_NAMESPACE,
    name,
    version: FIRST_VERSION,
    publish: publish ?? true,
    annotations: listOf(notes),
    parameters: listOf(parameters),
    binding: null,
    updated: UPDATED,
    revision: REVISION,
  };
}

function actionOf({ name: bundle }: SystemPackage, name: string, { notes }: SystemAction): Action {
  const { timeout, memory, logs, concurrency } = DEFAULT_BOUNDS;
  return {
    namespace: `${SYSTEM_NAMESPACE}/${bundle}`,
    name,
    version: FIRST_VERSION,
    publish: false,
    annotations: listOf({ ...notes, "provide-api-key": notes["provide-api-key"] ?? false, exec: BUILTIN }),
    parameters: [],
    limits: { timeout: timeout.std, memory: memory.std, logs: logs.std, concurrency: concurrency.std },
    exec: { kind: BUILTIN, binary: false },
    updated: UPDATED,
    revision: REVISION,
  };
}

function listOf(notes: Notes): Parameter[] {
  return Object.entries(notes).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
}
