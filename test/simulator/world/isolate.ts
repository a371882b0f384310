// A Worker isolate of a simulated world: the product's `invoke` over simulated bindings. When the isolate is lost, so are the
// promises in it, and its callers' connections break.

import type { Identity } from "../../../src/entities/identity.ts";
import type { Callable } from "../../../src/invocation/callable.ts";
import { invoke } from "../../../src/invocation/invoke.ts";
import type { Desk } from "../../../src/invocation/ports.ts";
import type { Actions } from "../../../src/invocation/resolve.ts";
import { ROSTER_NAME, storeNameOf } from "../../../src/protocol/names.ts";
import type {
  ActivationStoreRpc,
  GateRpc,
  InvokerSchedulerRpc,
  RosterEntry,
  RosterRpc,
} from "../../../src/protocol/rpc.ts";
import type { Kernel, Owner } from "../machine/kernel.ts";
import { KIND } from "./containers.ts";
import type { Call, History } from "./history.ts";
import type { ActionPlan, NamespacePlan } from "./scenario.ts";

export interface Bindings {
  SCHEDULER: { getByName(name: string): InvokerSchedulerRpc };
  ACTIVATIONS: { getByName(name: string): ActivationStoreRpc };
  GATE: { getByName(name: string): GateRpc };
  ROSTER: { getByName(name: string): RosterRpc };
}

export interface IsolateOptions {
  label: string;
  kernel: Kernel;
  history: History;
  bindings: Bindings;
  shards: number;
}

const ROSTER_TTL = 1_000;

export class Isolate implements Owner {
  readonly label: string;
  alive = true;
  lostAt: number | null = null;
  readonly #options: IsolateOptions;
  #roster: { entries: RosterEntry[]; until: number } | null = null;

  constructor(options: IsolateOptions) {
    this.#options = options;
    this.label = options.label;
  }

  /** One request. Runs as this isolate. */
  async serve(call: Call, what: { namespace: NamespacePlan; action: ActionPlan }): Promise<void> {
    const { history } = this.#options;
    try {
      const invoked = await invoke(this.#desk(call), actionsOf(what), {
        identity: identityOf(what.namespace),
        epoch: 1,
        transactionId: `call-${call.number}`,
        action: { path: what.namespace.name, name: what.action.name },
        payload: JSON.stringify({ call: call.number, ms: call.runMs }),
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

  #desk(call: Call): Desk {
    const { kernel, history, bindings, shards } = this.#options;
    return {
      now: () => Math.floor(kernel.now),
      after: (ms, run) => {
        const event = kernel.after(ms, this, run);
        return () => kernel.cancel(event);
      },
      scheduler: (name) => bindings.SCHEDULER.getByName(name),
      storeOf: (activation) => bindings.ACTIVATIONS.getByName(storeNameOf(activation)),
      gate: (namespaceId) => {
        const gate = bindings.GATE.getByName(namespaceId);
        return {
          enter: async (holder, request) => {
            call.id = request.id;
            const permit = await gate.enter(holder, request);
            if (permit.ok) history.permitted({ namespace: namespaceId, id: request.id, at: kernel.elapsed });
            return permit;
          },
          leave: (ids) => gate.leave(ids),
        };
      },
      entities: { get: async () => null },
      blobs: { put: async () => {}, text: async () => null },
      composition: () => {
        throw new Error("no composition is simulated here");
      },
      shard: () => call.number % shards,
      lease: () => ({ epoch: 1, ttl: 0 }),
      builtin: () => undefined,
      throttle: null,
      schedulers: () => this.#schedulers(),
      holder: this.label,
      masterSecret: "simulated",
      later: (work) => {
        work.catch((cause: unknown) => kernel.trace(`${this.label} later: ${String(cause)}`));
      },
    };
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

function actionsOf(what: { namespace: NamespacePlan; action: ActionPlan }): Actions {
  const { namespace, action } = what;
  const { timeout, memory, concurrency } = action;
  const callable: Callable = {
    name: action.name,
    version: "0.0.1",
    path: `${namespace.name}/${action.name}`,
    kind: KIND,
    limits: { timeout, memory, logs: 10, concurrency },
    revision: "r1",
    exec: { kind: KIND, binary: false },
    parameters: new Map(),
    defaults: "{}",
    final: new Set(),
    init: new Set(),
    credential: "none",
    builtin: false,
    web: null,
  };
  return { find: async () => ({ ok: true, value: callable }) } as unknown as Actions;
}
