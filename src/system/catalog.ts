// What is in `/whisk.system` without anybody having put it there: one line for each package.

import type { Action, Exec, Parameter } from "../entities/action.ts";
import { DEFAULT_BOUNDS } from "../entities/limits.ts";
import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import type { Package } from "../entities/package.ts";
import { BUILTIN } from "../entities/runtimes.ts";
import { FIRST_VERSION } from "../entities/version.ts";
import type { Builtin } from "../invocation/builtin.ts";
import { ALARMS, ALARMS_WEB } from "./alarms.ts";
import { MQTT, NATS } from "./brokers.ts";
import { CLOUD_EVENTS } from "./cloudevents.ts";
import { COMBINATORS } from "./combinators.ts";
import { GITHUB } from "./github.ts";
import type { SystemPorts } from "./ports.ts";
import { SAMPLES } from "./samples.ts";
import { SLACK } from "./slack.ts";
import { DATABASE, OBJECT_STORE, QUEUE } from "./sources.ts";
import { refOf } from "./system-code.ts";
import type { Notes, SystemAction, SystemFunction, SystemPackage } from "./system-package.ts";
import { UTILS } from "./utils.ts";
import { WEBHOOK } from "./webhook.ts";
import { WEBSOCKET } from "./websocket.ts";

/** All of them. */
export const SYSTEM_PACKAGES: readonly SystemPackage[] = [
  ALARMS,
  ALARMS_WEB,
  CLOUD_EVENTS,
  COMBINATORS,
  DATABASE,
  GITHUB,
  MQTT,
  NATS,
  OBJECT_STORE,
  QUEUE,
  SAMPLES,
  SLACK,
  UTILS,
  WEBHOOK,
  WEBSOCKET,
];

/** Older than anything that is stored. */
const UPDATED = Date.UTC(2026, 0, 1);
/** Revisions of entities that nobody has stored begin so; a stored revision never does. */
const REVISION = "builtin-";
const FIXED = `${REVISION}1`;

export const PACKAGES: readonly Package[] = SYSTEM_PACKAGES.map(packageOf);

const functions: ReadonlyMap<string, SystemFunction> = new Map(
  SYSTEM_PACKAGES.flatMap(({ name: bundle, actions }) =>
    Object.entries(actions).flatMap(([name, action]) =>
      "run" in action ? [[`${SYSTEM_NAMESPACE}/${bundle}/${name}`, action.run] as const] : [],
    ),
  ),
);

/** Every action. `kind`: what runs JavaScript here, e.g. `nodejs:24`. */
export function systemActions(kind: string): Action[] {
  return SYSTEM_PACKAGES.flatMap((bundle) =>
    Object.entries(bundle.actions).map(([name, action]) => actionOf(action, { bundle, name, kind })),
  );
}

/** The function behind an action's path, with what it may ask of the platform. */
export function builtinOf(path: string, ports: SystemPorts): Builtin | undefined {
  const run = functions.get(path);
  return run === undefined ? undefined : (args, context) => run(args, context, ports);
}

export function isBuiltinRevision(revision: string): boolean {
  return revision.startsWith(REVISION);
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
    revision: FIXED,
  };
}

function actionOf(action: SystemAction, is: { bundle: SystemPackage; name: string; kind: string }): Action {
  const { timeout, memory, logs, concurrency } = DEFAULT_BOUNDS;
  const { notes, parameters = {} } = action;
  const { exec, revision } = execOf(action, is.kind);
  return {
    namespace: `${SYSTEM_NAMESPACE}/${is.bundle.name}`,
    name: is.name,
    version: FIRST_VERSION,
    publish: false,
    annotations: listOf({ ...notes, "provide-api-key": notes["provide-api-key"] ?? false, exec: exec.kind }),
    parameters: listOf(parameters),
    limits: { timeout: timeout.std, memory: memory.std, logs: logs.std, concurrency: concurrency.std },
    exec,
    updated: UPDATED,
    revision,
  };
}

/** Containers are kept warm by the revision: it goes with the code. */
function execOf(action: SystemAction, kind: string): { exec: Exec; revision: string } {
  if ("run" in action) return { exec: { kind: BUILTIN, binary: false }, revision: FIXED };
  const code = refOf(action.code);
  return { exec: { kind, code, binary: false }, revision: `${REVISION}${kind}-${code.hash}` };
}

function listOf(notes: Notes): Parameter[] {
  return Object.entries(notes).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
}
