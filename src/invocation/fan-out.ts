// What follows from a fire: each active rule's action is called once, in the name of who fired, and the trigger's
// record is written when it is known what became of each. May be done again at any time, by anybody: the ids follow
// from the fire's.

import type { ActivationId } from "../entities/activation-id.ts";
import { type Identity, limitedTo } from "../entities/identity.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { open } from "../entities/sealing.ts";
import { type Failure, fail } from "../errors.ts";
import type { OnBehalf } from "../protocol/composition.ts";
import type { Fire, FiredRule } from "../protocol/fire.ts";
import { invoke } from "./invoke.ts";
import type { FireContext, InvocationContext } from "./ports.ts";
import { payloadOf } from "./prepare.ts";
import type { ActionResolver } from "./resolve.ts";
import { isUnknown, report, retry } from "./retry.ts";
import type { AcceptRow } from "./submit.ts";

interface FanOutOptions {
  /** Those of the fact, where they are at hand. */
  args?: RawJson;
  /** Who fired, where his key is at hand. */
  identity?: Identity;
  /** Epoch of his namespace. */
  epoch: number;
  /** Rules' activations that are known to the store already. */
  started?: readonly ActivationId[];
}

type Accepted = Awaited<ReturnType<AcceptRow>>;

/** Rules served at a time, and where each brings large arguments. */
const WIDTH = 32;
const NARROW = 4;
/** Fan-outs under way in one isolate, and characters of their arguments. What is beyond is left to the stores, which
 * ask for a few at a time. */
const MAX_RUNNING = 1_000;
const MAX_HELD_CHARACTERS = 16 * 1024 * 1024;

/** One per isolate. */
export class FanOut {
  readonly #actions: ActionResolver;
  #running = 0;
  #held = 0;

  constructor(actions: ActionResolver) {
    this.#actions = actions;
  }

  /** Resolves when the store has been told, or when it has to ask again. Never rejects. */
  async run(context: FireContext, fire: Fire, options: FanOutOptions): Promise<void> {
    const size = "inline" in fire.args ? fire.args.inline.length : fire.args.size;
    if (this.#running >= MAX_RUNNING || (this.#running > 0 && this.#held + size > MAX_HELD_CHARACTERS)) return;
    this.#running++;
    this.#held += size;
    try {
      await this.#serve(context, fire, options);
    } catch (cause) {
      report(context, fire.id, { asking: "for its fan-out", cause });
    } finally {
      this.#running--;
      this.#held -= size;
    }
  }

  async #serve(context: FireContext, fire: Fire, options: FanOutOptions): Promise<void> {
    const args = options.args ?? ("inline" in fire.args ? fire.args.inline : await context.blobs.text(fire.args.blob));
    const identity = options.identity ?? (await identityOf(context, fire.onBehalf));
    const known = new Set(options.started);
    const accept = inGroups(context, fire);
    const lines: string[] = [];
    const serve = async (at: number): Promise<boolean> => {
      const rule = fire.rules[at]!;
      const became = known.has(rule.id)
        ? rule.id
        : await this.#become(context, rule, { fire, args, identity, epoch: options.epoch, accept });
      if (became === "unknown") return false;
      lines[at] = lineOf(rule, became);
      return true;
    };
    const width = "inline" in fire.args ? WIDTH : NARROW;
    if (!(await all(fire.rules.length, { width, run: serve }))) return;
    const logs = await payloadOf(context, JSON.stringify(lines), {
      key: `logs/${fire.id}/1`,
      owner: fire.about,
    });
    await retry({ ports: context, id: fire.id }, () => context.storeOf(fire).fired(fire.id, logs));
  }

  /** "unknown": it may have been started, or may be later. */
  async #become(
    context: InvocationContext,
    rule: FiredRule,
    { fire, args, identity, epoch, accept }: Becoming,
  ): Promise<ActivationId | Refused | "unknown"> {
    const { id, action, active } = rule;
    if (!active) {
      const name = `${action.path}/${action.name}`;
      return { statusCode: 1, error: `Rule '${rule.rule}' is inactive, action '${name}' was not activated.` };
    }
    if (args === null) return refused(fail("corrupted"));
    try {
      const invoked = await invoke(context, this.#actions, {
        identity: limitedTo(identity, rule),
        epoch,
        transactionId: fire.about.transactionId,
        action,
        payload: args,
        apiHost: fire.onBehalf.apiHost,
        waitMs: 0,
        accept,
        id,
        origin: { source: "rule", trigger: fire.about.name, rule: rule.rule.slice(rule.rule.lastIndexOf("/") + 1) },
      });
      if (invoked.ok) return invoked.id;
      return isUnknown(invoked) ? "unknown" : refused(invoked);
    } catch (cause) {
      report(context, id, { asking: "for a rule's action", cause });
      return "unknown";
    }
  }
}

interface Becoming {
  fire: Fire;
  args: RawJson | null;
  identity: Identity;
  epoch: number;
  accept: AcceptRow;
}

interface Refused {
  statusCode: 1 | 3;
  error: string;
}

function refused({ code, text }: Failure): Refused {
  return { statusCode: code === "corrupted" ? 3 : 1, error: text };
}

/** One line of the trigger's record. */
function lineOf({ rule, action }: FiredRule, became: ActivationId | Refused): string {
  const names = { rule, action: `${action.path}/${action.name}` };
  if (typeof became !== "string") {
    return JSON.stringify({ ...names, statusCode: became.statusCode, success: false, error: became.error });
  }
  return JSON.stringify({ ...names, statusCode: 0, success: true, activationId: became });
}

/** All rows of a fire lie in one store: those that come at the same time, for the same schedulers, are one call. */
function inGroups(context: FireContext, fire: Fire): AcceptRow {
  let waiting: { row: Parameters<AcceptRow>; reply: PromiseWithResolvers<Accepted> }[] = [];
  const send = () => {
    const groups = Map.groupBy(
      waiting,
      ({ row: [, { candidates, obstacle = "" }] }) => `${candidates.join()} ${obstacle}`,
    );
    waiting = [];
    for (const group of groups.values()) {
      const [, options] = group[0]!.row;
      const rows = group.map(({ row: [invocation] }) => invocation);
      const accepted = context.storeOf(fire).accept(rows, options);
      for (const { reply } of group) accepted.then(reply.resolve, reply.reject);
    }
  };
  return (...row) => {
    const reply = Promise.withResolvers<Accepted>();
    if (waiting.push({ row, reply }) === 1) context.after(0, send);
    return reply.promise;
  };
}

/** Runs 0 … count - 1, `width` at a time; whether all came out well. */
async function all(
  count: number,
  { width, run }: { width: number; run: (at: number) => Promise<boolean> },
): Promise<boolean> {
  let next = 0;
  let good = true;
  const worker = async () => {
    for (let at = next++; at < count; at = next++) if (!(await run(at))) good = false;
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
  return good;
}

/** A key that does not open any more is not handed on: its actions get credentials of their own. */
async function identityOf(context: InvocationContext, { identity, sealedKey }: OnBehalf): Promise<Identity> {
  const key = identity.derived ? null : await open(context.masterSecret, "handed-on-key", sealedKey);
  return key === null
    ? limitedTo({ ...identity, key: "" }, { rights: "deploy" })
    : { ...identity, key, derived: false };
}
