// A Worker isolate of a simulated world: the product's `invoke` over simulated bindings. When the isolate is lost, so
// are the promises in it, and its callers' connections break.

import type { Identity } from "../../../src/entities/identity.ts";
import { fail, type Result } from "../../../src/errors.ts";
import { FanOut } from "../../../src/invocation/fan-out.ts";
import { fire } from "../../../src/invocation/fire.ts";
import { invoke } from "../../../src/invocation/invoke.ts";
import { PermitLeases } from "../../../src/invocation/permit-leases.ts";
import type { FireContext } from "../../../src/invocation/ports.ts";
import type { ActionResolver } from "../../../src/invocation/resolve.ts";
import type { ResolvedAction } from "../../../src/invocation/resolved-action.ts";
import { step } from "../../../src/invocation/step.ts";
import type { Triggers } from "../../../src/invocation/triggers.ts";
import type {
  CompositionPlan,
  CompositionRpc,
  CompositionRun,
  StepReply,
  StepRequest,
} from "../../../src/protocol/composition.ts";
import type { Fire } from "../../../src/protocol/fire.ts";
import { ROSTER_NAME, storeNameOf } from "../../../src/protocol/names.ts";
import type { ActivationStoreRpc, InvokerSchedulerRpc, RosterEntry, RosterRpc } from "../../../src/protocol/rpc.ts";
import type { ThrottleRpc } from "../../../src/protocol/throttle.ts";
import type { EntityKey } from "../../../src/storage/entity-store.ts";
import type { Kernel, Owner } from "../machine/kernel.ts";
import type { Call, History } from "./history.ts";
import { type ActionPlan, type ComposedPlan, type FirePlan, type NamespacePlan, NODE } from "./scenario.ts";

export interface Bindings {
  SCHEDULER: { getByName(name: string): InvokerSchedulerRpc };
  ACTIVATIONS: { getByName(name: string): ActivationStoreRpc };
  THROTTLE: { getByName(name: string): ThrottleRpc };
  ROSTER: { getByName(name: string): RosterRpc };
  COMPOSITION: { getByName(name: string): CompositionRpc };
}

export interface IsolateOptions {
  label: string;
  kernel: Kernel;
  history: History;
  bindings: Bindings;
  shards: number;
  actions: readonly ActionPlan[];
  compositions: readonly ComposedPlan[];
  skew: number;
  /** A scheduler said that it has no room for this action. */
  refused: (scheduler: string, action: string) => void;
}

const ROSTER_TTL = 1_000;
const CONDUCTOR = { kind: NODE, labels: [], timeout: 2_000, memory: 128, concurrency: 1 };
/** Name of an action that is not there. */
export const GONE = "gone";

export class Isolate implements Owner {
  readonly label: string;
  readonly skew: number;
  alive = true;
  lostAt: number | null = null;
  /** Objects that wait for a word of this isolate. */
  readonly pending = new Set<(cause: Error) => void>();
  readonly #options: IsolateOptions;
  readonly #actions: ActionResolver;
  readonly #fanOut: FanOut;
  readonly #permits: PermitLeases;
  #roster: { entries: RosterEntry[]; until: number } | null = null;

  constructor(options: IsolateOptions) {
    this.#options = options;
    this.label = options.label;
    this.skew = options.skew;
    this.#actions = actionsOf(options.actions, options.compositions);
    this.#fanOut = new FanOut(this.#actions);
    const { kernel, bindings, label } = options;
    this.#permits = new PermitLeases(
      {
        throttle: (namespaceId) => bindings.THROTTLE.getByName(namespaceId),
        now: () => Math.floor(kernel.now + this.skew),
        sleep: (ms) => new Promise((resolve) => kernel.after(ms, this, () => resolve(undefined))),
        warn: (text) => kernel.trace(`${label}: ${text}`),
      },
      label,
    );
  }

  /** One request. Runs as this isolate. */
  async serve(call: Call, what: { namespace: NamespacePlan; action: { name: string } }): Promise<void> {
    const { history } = this.#options;
    const handedOn = call.composition === true ? { hop: 0 } : {};
    try {
      const invoked = await invoke(this.#context(call), this.#actions, {
        // A stored key would be sealed, and nothing is sealed here.
        identity: { ...identityOf(what.namespace), derived: call.composition === true },
        epoch: 1,
        transactionId: `call-${call.number}`,
        action: { path: what.namespace.name, name: what.action.name },
        payload: JSON.stringify({ call: call.number, ms: call.runMs, ...handedOn }),
        waitMs: call.blocking ? call.waitMs : 0,
      });
      if (!invoked.ok) history.tell(call, { kind: "refused", code: invoked.code });
      else if (invoked.kind === "accepted") history.tell(call, { kind: "accepted", id: invoked.id });
      else {
        const { statusCode, result } = invoked.record;
        const text = "inline" in result ? result.inline : result.blob;
        history.tell(call, { kind: "result", id: invoked.id, statusCode, result: text });
      }
    } catch (cause) {
      history.tell(call, { kind: "broken", cause: String(cause) });
    }
  }

  /** One request that fires a trigger. */
  async fire(call: Call, what: { namespace: NamespacePlan; plan: FirePlan }): Promise<void> {
    const { history } = this.#options;
    const { namespace, plan } = what;
    try {
      const doors = { triggers: triggersOf(namespace, plan), fanOut: this.#fanOut };
      const fired = await fire(this.#context(call), doors, {
        // A stored key would be sealed, and nothing is sealed here.
        identity: { ...identityOf(namespace), derived: true },
        epoch: 1,
        transactionId: `call-${call.number}`,
        trigger: { path: namespace.name, name: "trigger" },
        payload: JSON.stringify({ call: call.number, ms: call.runMs }),
        headers: [],
        apiHost: "",
      });
      if (!fired.ok) history.tell(call, { kind: "refused", code: fired.code });
      else if (fired.kind === "idle") history.tell(call, { kind: "refused", code: "idle" });
      else history.tell(call, { kind: "accepted", id: fired.id });
    } catch (cause) {
      history.tell(call, { kind: "broken", cause: String(cause) });
    }
  }

  /** A store asks for the fan-out of a fire. */
  resume(fact: Fire, started: string[]): Promise<void> {
    return this.#fanOut.run(this.#context({ number: 0, id: null }), fact, { started, epoch: 1 });
  }

  /** A composition asks for a step. */
  step(request: StepRequest): Promise<StepReply> {
    return step(this.#context({ number: 0, id: null }), { actions: this.#actions, epoch: 1 }, request);
  }

  #context(call: Pick<Call, "number" | "id">): FireContext {
    const { kernel, history, bindings, shards } = this.#options;
    return {
      now: () => Math.floor(kernel.now + this.skew),
      after: (ms, run) => {
        const event = kernel.after(ms, this, run);
        return () => kernel.cancel(event);
      },
      scheduler: (name) => ({
        invoke: async (invocation, options) => {
          const reply = await bindings.SCHEDULER.getByName(name).invoke(invocation, options);
          if (reply.kind === "busy") this.#options.refused(name, invocation.about.name);
          return reply;
        },
      }),
      storeOf: (activation) => {
        const store = bindings.ACTIVATIONS.getByName(storeNameOf(activation));
        if (!("rules" in activation)) return store;
        return new Proxy(store, {
          get: (target, name) => {
            if (name === "fire") this.#noteFact(call.number, activation as Fire);
            return target[name as keyof ActivationStoreRpc];
          },
        });
      },
      permits: (namespaceId) => {
        const permitting = this.#permits.of(namespaceId, (work) => this.#later(work));
        return {
          enter: async (request, options) => {
            call.id = request.id;
            const askedAt = kernel.elapsed;
            const permit = await permitting.enter(request, options);
            if (permit.ok && request.kind === "invoke")
              history.permitted({ namespace: namespaceId, id: request.id, askedAt, at: kernel.elapsed });
            return permit;
          },
          hold: (request) => permitting.hold(request),
          leave: (ids) => permitting.leave(ids),
        };
      },
      entities: { get: async () => null },
      blobs: { put: async () => {}, text: async () => null, delete: async () => {} },
      composition: (activation) => {
        const object = bindings.COMPOSITION.getByName(storeNameOf(activation));
        return {
          run: (run, options) => {
            this.#noteRun(call.number, run);
            return object.run(run, options);
          },
          runs: (id) => object.runs(id),
        };
      },
      shard: () => call.number % shards,
      lease: () => ({ epoch: 1, ttl: 0 }),
      builtin: () => undefined,
      throttle: null,
      hostsMayCome: true,
      schedulers: () => this.#schedulers(),
      fullness: () => null,
      masterSecret: { current: "simulated", previous: null },
      later: (work) => this.#later(work),
    };
  }

  #later(work: Promise<unknown>): void {
    work.catch((cause: unknown) => this.#options.kernel.trace(`${this.label} later: ${String(cause)}`));
  }

  #noteFact(call: number, { id, about, rules }: Fire): void {
    const { facts } = this.#options.history;
    if (facts.some((each) => each.id === id)) return;
    const noted = rules.map((each) => ({ ...each, action: each.action.name }));
    facts.push({ id, call, namespace: about.namespaceId, rules: noted });
  }

  #noteRun(call: number, { id, about }: CompositionRun): void {
    const { runs } = this.#options.history;
    if (!runs.some((each) => each.id === id)) runs.push({ id, call, namespace: about.namespaceId });
  }

  async #schedulers(): Promise<RosterEntry[]> {
    const { kernel, bindings } = this.#options;
    if (this.#roster !== null && kernel.now < this.#roster.until) return this.#roster.entries;
    const asked = kernel.now;
    const entries = await bindings.ROSTER.getByName(ROSTER_NAME).schedulers();
    this.#roster = { entries, until: asked + ROSTER_TTL };
    return entries;
  }
}

function identityOf(namespace: NamespacePlan): Identity {
  return {
    subject: namespace.name,
    namespace: { name: namespace.name, uuid: namespace.uuid },
    limits: { ...namespace.limits, ...(namespace.storing ? {} : { storeActivations: false }) },
    key: "key",
    derived: false,
  };
}

function actionsOf(plans: readonly ActionPlan[], compositions: readonly ComposedPlan[]): ActionResolver {
  const find = async (_desk: unknown, { path, name }: EntityKey): Promise<Result<ResolvedAction>> => {
    const plan = plans.find((each) => each.name === name);
    if (plan !== undefined) return { ok: true, value: callableOf(path, plan) };
    const composed = compositions.find((each) => each.name === name);
    return composed === undefined ? fail("not-found") : { ok: true, value: composedOf(path, composed) };
  };
  const refusalOf = async (): Promise<null> => null;
  return { find, refusalOf } as unknown as ActionResolver;
}

/** A conductor finds what it will name in a parameter of its own. */
function composedOf(path: string, { name, kind, parts }: ComposedPlan): ResolvedAction {
  const plain = callableOf(path, { name, ...CONDUCTOR });
  const components = parts.map((part) => ({ path, name: part }));
  const plan: CompositionPlan = kind === "sequence" ? { kind, components } : { kind, action: { path, name } };
  const todo = JSON.stringify(parts);
  const parameters = new Map(kind === "sequence" ? [] : [["todo", todo] as const]);
  return { ...plain, plan, parameters, defaults: kind === "sequence" ? "{}" : `{"todo":${todo}}` };
}

function callableOf(
  path: string,
  { name, kind, labels, timeout, memory, concurrency }: Omit<ActionPlan, "runMs" | "fragile">,
): ResolvedAction {
  return {
    name,
    version: "0.0.1",
    path: `${path}/${name}`,
    kind,
    ...(labels.length === 0 ? {} : { labels }),
    limits: { timeout, memory, logs: 10, concurrency },
    revision: "r1",
    exec: { kind, binary: false },
    parameters: new Map(),
    defaults: "{}",
    final: new Set(),
    init: new Set(),
    askedRights: null,
    writtenWith: "owner",
    builtin: false,
    web: null,
  };
}

function triggersOf({ name: namespace }: NamespacePlan, plan: FirePlan): Triggers {
  const trigger = {
    ...{ namespace, name: "trigger", version: "0.0.1", parameters: [] },
    rules: plan.rules.map(({ action, active }, index) => ({
      rule: `${namespace}/r${index}`,
      action: { path: namespace, name: action === null ? GONE : `a${action}` },
      status: active ? "active" : "inactive",
    })),
  };
  return { find: async () => ({ ok: true, value: trigger }) } as unknown as Triggers;
}
