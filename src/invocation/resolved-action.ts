// What a call needs of an action, worked out once when the action is read: the code itself is never loaded here.

import { componentOf } from "../catalog/components.ts";
import type { OpenPackage } from "../catalog/open-package.ts";
import { type Wishes, wishesOf } from "../catalog/wishes.ts";
import type { Action, Parameter } from "../entities/action.ts";
import { askedRights } from "../entities/key-annotation.ts";
import type { ActionLimits } from "../entities/limits.ts";
import { isTruthy, mergeParameters, parameterValue } from "../entities/parameters.ts";
import { objectOf, type RawJson } from "../entities/raw-json.ts";
import { common, type Rights } from "../entities/rights.ts";
import { BUILTIN, isSkeleton, NATIVE, SEQUENCE } from "../entities/runtimes.ts";
import { inBoth, type Scope } from "../entities/scope.ts";
import type { ActionName, CompositionPlan } from "../protocol/composition.ts";
import type { Invocation } from "../protocol/invocation.ts";

/** All that a call needs of an action, its package and its binding; made once for each revision of them. */
export interface ResolvedAction extends Wishes {
  name: string;
  version: string;
  /** `ns/name` or `ns/package/name`. */
  path: string;
  kind: string;
  limits: ActionLimits;
  revision: string;
  exec: Invocation["exec"];
  parameters: ReadonlyMap<string, RawJson>;
  /** The parameters as one object: the arguments of a call without payload. */
  defaults: RawJson;
  /** Parameters a payload must not contain. */
  final: ReadonlySet<string>;
  /** Parameters that go into the environment at /init instead. */
  init: ReadonlySet<string>;
  /** What its annotations ask for the key it runs with; null: none. */
  askedRights: Rights | null;
  /** What those who wrote it, and the packages it takes parameters from, have in common. */
  writtenWith: Rights;
  /** The names that all of them could use who write in the caller's namespace; absent: all. */
  writerScope?: Scope;
  /** `ns/name` of the binding it was found through. */
  binding?: string;
  /** Run by the Worker itself. */
  builtin: boolean;
  /** A composition: run step by step, not by itself. */
  plan?: CompositionPlan;
  /** What its annotations say of callers from the web; null = not theirs to call. */
  web: WebExport | null;
}

/** How an action may be called over the web; absent where it may not. */
export interface WebExport {
  /** Query and body are handed over as they are. */
  raw: boolean;
  /** OPTIONS and CORS headers are the action's own. */
  customOptions: boolean;
  /** The value of `require-whisk-auth`, if there is one. */
  auth: RawJson | undefined;
}

/** Null if it makes no sense. `key`: the name it was asked for by; `bundle`: the
 * package it was found in. */
export function resolvedActionOf(
  action: Action,
  options: { key: ActionName; revision: string; bundle: OpenPackage | null; caller: string },
): ResolvedAction | null {
  const { bundle } = options;
  const exec = execOf(action);
  if (exec === null) return null;
  const merged = bundle === null ? action.parameters : mergeParameters(bundle.parameters, action.parameters);
  const parameters = new Map(merged.map(({ key, value }) => [key, value] as const));
  const { annotations } = action;
  const defined = [...parameters].filter(([, value]) => value !== "null").map(([key]) => key);
  const plan = planOf(action, options.key);
  const isOwn = options.caller === homeOf(action);
  const scope = inBoth(isOwn ? action.writerScope : undefined, bundle?.writerScope);
  const init = new Set(merged.filter((each) => each.init === true).map((each) => each.key));
  return {
    name: action.name,
    version: action.version,
    path: `${action.namespace}/${action.name}`,
    kind: exec.kind,
    limits: action.limits,
    // What a container was initialized with may come from the package.
    revision: bundle === null || init.size === 0 ? options.revision : `${options.revision}+${bundle.revision}`,
    exec,
    parameters,
    defaults: objectOf(parameters),
    final: new Set(parameterValue(annotations, "final") === "true" ? defined : []),
    init,
    askedRights: askedRights(annotations),
    writtenWith: common(action.writtenWith, bundle?.writtenWith),
    ...(scope === undefined ? {} : { writerScope: scope }),
    ...(bundle?.binding === undefined ? {} : { binding: bundle.binding }),
    ...wishesOf(annotations),
    builtin: action.exec.kind === BUILTIN,
    ...(plan === null ? {} : { plan }),
    web: webOf(annotations),
  };
}

function homeOf({ namespace }: Action): string {
  return namespace.split("/", 1)[0] ?? namespace;
}

/** Only the boolean counts; annotations of packages and bindings do not. */
function webOf(annotations: readonly Parameter[]): WebExport | null {
  if (parameterValue(annotations, "web-export") !== "true") return null;
  return {
    raw: parameterValue(annotations, "raw-http") === "true",
    customOptions: parameterValue(annotations, "web-custom-options") === "true",
    auth: parameterValue(annotations, "require-whisk-auth"),
  };
}

/** The annotation `conductor` makes a composition of an action, not of a sequence. */
function planOf({ exec, annotations }: Action, key: ActionName): CompositionPlan | null {
  if ("components" in exec) return { kind: "sequence", components: exec.components.map(componentOf) };
  return isTruthy(annotations, "conductor") ? { kind: "conductor", action: key } : null;
}

function execOf({ exec }: Action): Invocation["exec"] | null {
  if ("components" in exec) return { kind: SEQUENCE, binary: false };
  if (!("binary" in exec)) return null;
  const isNative = "image" in exec && exec.code !== undefined && isSkeleton(exec.image);
  return {
    kind: isNative ? NATIVE : exec.kind,
    binary: exec.binary,
    ...("image" in exec && !isNative ? { image: exec.image } : {}),
    ...("main" in exec && exec.main !== undefined ? { main: exec.main } : {}),
    ...("code" in exec && exec.code !== undefined ? { code: exec.code } : {}),
  };
}
