// Containers ahead of fires: for each trigger that is about to fire, one for each action its active rules will run, on
// the host that would be asked first. It promises nothing: what is not prepared starts as any call does.

import { newActivationId } from "../entities/activation-id.ts";
import { type Identity, limitedTo } from "../entities/identity.ts";
import { common } from "../entities/rights.ts";
import type { Shortage } from "../entities/schedule.ts";
import { inBoth } from "../entities/scope.ts";
import { seal } from "../entities/sealing.ts";
import type { Invocation } from "../protocol/invocation.ts";
import type { PrepareReply } from "../protocol/preparing.ts";
import type { InvokerSchedulerRpc } from "../protocol/rpc.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import { argumentsOf } from "./arguments.ts";
import { placeOf } from "./placement.ts";
import type { InvocationContext } from "./ports.ts";
import { activationMetaOf, invocationOf, lentBy } from "./prepare.ts";
import type { ActionResolver } from "./resolve.ts";
import type { ResolvedAction } from "./resolved-action.ts";
import { answered } from "./retry.ts";
import type { Triggers } from "./triggers.ts";

/** Schedulers asked for one action. */
const MAX_ASKED = 3;
/** Actions of one trigger, those of its sequences included, and of all triggers together. */
const MAX_ACTIONS = 16;
const MAX_DISTINCT = 64;
/** Triggers looked at a time. */
const WIDTH = 8;
/** ms beyond what a host may wait within which its scheduler must have answered. */
const GRACE_MS = 15_000;

/** What it needs of the world. */
export interface PrepareContext extends InvocationContext {
  scheduler(name: string): Pick<InvokerSchedulerRpc, "invoke" | "prepare">;
}

interface Asked {
  identity: Identity;
  /** Of the identity's own namespace. */
  epoch: number;
  transactionId: string;
  /** Of triggers. */
  names: readonly string[];
  /** ms a host may wait for room. */
  waitMs: number;
}

interface Wanted {
  action: EntityKey;
  /** What the rules, and the sequences, through which it is called lend to it. */
  identity: Identity;
}

/** What was not prepared, in the order of `names`. A trigger that is not there, or not to be read, needs nothing. */
export async function prepareAhead(
  context: PrepareContext,
  { triggers, actions }: { triggers: Triggers; actions: ActionResolver },
  asked: Asked,
): Promise<Shortage[][]> {
  const { identity, epoch, names } = asked;
  const { name: path } = identity.namespace;
  const preparing = new Preparing(context, actions, asked);
  const made: Shortage[][] = names.map(() => []);
  const all = names.map((name, at) => async () => {
    const found = await triggers.find(context, { path, name }, epoch);
    if (!found.ok) return;
    const { rules, writtenWith, writerScope } = found.value;
    const wanted = rules
      .filter(({ status }) => status === "active")
      .map((rule) => {
        const rights = common(writtenWith, rule.writtenWith);
        const scope = inBoth(writerScope, rule.writerScope);
        return { action: rule.action, identity: limitedTo(identity, { rights, scope }) };
      });
    made[at] = await preparing.all(wanted);
  });
  await inTurn(all);
  return made;
}

/** One look ahead: triggers that run the same action ask for it once. */
class Preparing {
  readonly #context: PrepareContext;
  readonly #actions: ActionResolver;
  readonly #asked: Asked;
  readonly #work = new Map<string, Promise<Shortage | null>>();

  constructor(context: PrepareContext, actions: ActionResolver, asked: Asked) {
    this.#context = context;
    this.#actions = actions;
    this.#asked = asked;
  }

  async all(wanted: Wanted[]): Promise<Shortage[]> {
    const { epoch } = this.#asked;
    const caller = { namespace: this.#asked.identity.namespace.name, epoch };
    const answers: Promise<Shortage | null>[] = [];
    // What sequences are made of joins the line.
    for (let at = 0; at < Math.min(wanted.length, MAX_ACTIONS); at++) {
      const { action, identity } = wanted[at] as Wanted;
      const found = await this.#actions.find(this.#context, action, caller);
      if (!found.ok || found.value.builtin) continue;
      const { plan } = found.value;
      if (plan?.kind === "sequence") {
        const behalf = limitedTo(identity, lentBy(found.value, caller.namespace));
        wanted.push(...plan.components.map((component) => ({ action: component, identity: behalf })));
      } else answers.push(this.#once(found.value, identity));
    }
    return (await Promise.all(answers)).filter((each) => each !== null);
  }

  /** A container is shared whoever's rules call it: who is first lends what it is opened with. */
  #once(callable: ResolvedAction, identity: Identity): Promise<Shortage | null> {
    const key = `${callable.path} ${callable.revision}`;
    const known = this.#work.get(key);
    if (known !== undefined || this.#work.size >= MAX_DISTINCT) return known ?? Promise.resolve(null);
    const work = this.#one(callable, identity);
    this.#work.set(key, work);
    return work;
  }

  async #one(callable: ResolvedAction, identity: Identity): Promise<Shortage | null> {
    const context = this.#context;
    const { transactionId } = this.#asked;
    const wanted = callable.limits.memory;
    const short = (have: number, reason: string): Shortage => ({ function: callable.path, wanted, have, reason });
    const now = context.now();
    const calling = { identity, transactionId, acceptedAt: now, origin: { source: "schedule" } };
    const about = activationMetaOf(callable, calling);
    const { exec, labels = [], preferred } = callable;
    const options = { preferred, hostsMayCome: context.hostsMayCome };
    const place = placeOf({ exec, about, labels }, await context.schedulers(), options);
    if (!place.ok) return short(0, place.text);
    const args = argumentsOf(callable, undefined);
    const invocation = await invocationOf(context, callable, {
      ...{ id: newActivationId(now, context.shard()), about, calling, blocking: false },
      args: { ...(args.ok ? args.value : {}), args: "{}" },
      sealedKey: () => seal(context.masterSecret, "handed-on-key", identity.key),
    });
    let shortage = short(0, place.value.obstacle ?? "no host can run it");
    for (const name of place.value.candidates.slice(0, MAX_ASKED)) {
      const reply = await this.#ask(name, invocation);
      if (reply.kind === "there") return null;
      shortage = short(reply.have, reply.reason);
    }
    return shortage;
  }

  async #ask(name: string, invocation: Invocation): Promise<PrepareReply> {
    const { waitMs } = this.#asked;
    const context = this.#context;
    try {
      const work = context.scheduler(name).prepare(invocation, { waitMs });
      return await answered((ms, run) => context.after(ms, run), waitMs + GRACE_MS, work);
    } catch (error) {
      context.warn?.(`nothing was prepared by ${name}: ${String(error)}`);
      return { kind: "absent", have: 0, reason: "its scheduler could not be asked" };
    }
  }
}

/** `WIDTH` at a time. */
async function inTurn(work: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < work.length; at = next++) await work[at]?.();
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, work.length) }, worker));
}
