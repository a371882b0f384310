// The door for our own objects: what must invoke goes through here, so that the rules of a call stand in one place.

import { WorkerEntrypoint } from "cloudflare:workers";
import { endTrigger } from "./catalog/ended-trigger.ts";
import type { ActivationId } from "./entities/activation-id.ts";
import { type Author, PLATFORM } from "./entities/audit.ts";
import { type Identity, idsOf } from "./entities/identity.ts";
import type { Shortage } from "./entities/schedule.ts";
import type { SinkAnswer, SinkRefusal, SinkSettings } from "./entities/sink.ts";
import type { Env } from "./env.ts";
import type { Result } from "./errors.ts";
import { STATUS } from "./http/errors.ts";
import { type EpochIdentity, Identities } from "./http/identities.ts";
import { readSource } from "./http/sources/read.ts";
import { deliver } from "./http/webhooks/deliver.ts";
import { FanOut } from "./invocation/fan-out.ts";
import { fireSlots } from "./invocation/fire-slots.ts";
import { prepareAhead } from "./invocation/prepare-ahead.ts";
import { ActionResolver } from "./invocation/resolve.ts";
import { step } from "./invocation/step.ts";
import { Triggers } from "./invocation/triggers.ts";
import { openOutbound } from "./outbound/open.ts";
import type { Outbound } from "./outbound/outbound.ts";
import type { StepReply, StepRequest } from "./protocol/composition.ts";
import type { Fire } from "./protocol/fire.ts";
import type { SlotFire, SlotFired } from "./protocol/schedule.ts";
import type { SinkEvent } from "./protocol/sinks.ts";
import type { ReadSource, SourceRead } from "./protocol/sources.ts";
import type { Later } from "./services/refreshed.ts";
import type { Services } from "./services/services.ts";

/** Throws while the platform is not configured: our objects ask again. */
async function ready(opened: Result<Services>): Promise<Services> {
  if (!opened.ok) throw new Error(opened.text);
  const refusal = await opened.value.refusal();
  if (refusal !== null) throw new Error(refusal.text);
  return opened.value;
}

const BARRED = "Trigger automatically disabled: nobody has the namespace any more, or whoever has it is blocked";

const BARRED_SOURCE = "nobody has the namespace any more, or its owner is blocked";

/** What follows from what was done before: nobody asks for it now, so that nobody's address is known. */
function authorOf({ subject, keyId = "", derived }: Pick<Identity, "subject" | "keyId" | "derived">): Author {
  const via = keyId === "" ? "namespace" : derived ? "credential" : "key";
  return { ...PLATFORM, via, subject, keyId };
}

export function makeInternal(open: (env: Env) => Result<Services>) {
  const actions = new ActionResolver();
  const fanOut = new FanOut(actions);
  const triggers = new Triggers();
  const identities = new Identities();
  /** To addresses that users gave; of the isolate, which bounds how many are dialled at once. */
  let outbound: Outbound | undefined;
  /** The namespace acting by itself, or null where it is another's by now, nobody's, or its owner is blocked. */
  const itself = async (
    services: Services,
    { name, uuid }: { name: string; uuid: string },
    later: Later,
  ): Promise<EpochIdentity | null> => {
    const owner = await identities.ofNamespace(services, name, later);
    return owner !== null && idsOf(owner.identity.namespace).includes(uuid) ? owner : null;
  };
  return class Internal extends WorkerEntrypoint<Env> {
    /** One step of a composition; throws if nobody knows whether it was started: ask again. */
    async step(request: StepRequest): Promise<StepReply> {
      const services = await ready(open(this.env));
      const later = (work: Promise<unknown>) => this.ctx.waitUntil(work);
      const { epoch } = await services.lease(request.onBehalf.identity.namespace.name, later);
      const author = () => authorOf(request.onBehalf.identity);
      const work = step(services.context(later, author), { actions, epoch }, request);
      later(work.catch(() => undefined));
      return work;
    }

    /** What is left of a fire is done now, or its store asks again. */
    async resume(fire: Fire, started: ActivationId[]): Promise<void> {
      const services = await ready(open(this.env));
      const later = (work: Promise<unknown>) => this.ctx.waitUntil(work);
      const { epoch } = await services.lease(fire.about.namespace, later);
      const author = () => authorOf(fire.onBehalf.identity);
      const work = fanOut.run(services.context(later, author), fire, { started, epoch });
      later(work);
      return work;
    }

    /** Fires slots of schedules in the name of their namespace, whose right is looked at each time. */
    async fireSlots(namespace: { name: string; uuid: string }, slots: SlotFire[]): Promise<SlotFired[]> {
      const services = await ready(open(this.env));
      const later = (work: Promise<unknown>) => this.ctx.waitUntil(work);
      const owner = await itself(services, namespace, later);
      if (owner === null) return slots.map(() => ({ kind: "barred", text: BARRED }));
      const transactionId = crypto.randomUUID().replaceAll("-", "");
      const { stores } = services;
      const parts = {
        ...{ triggers, fanOut },
        statusOf: ({ code }: { code: keyof typeof STATUS }) => STATUS[code],
        shortTriggers: (path: string, names: readonly string[]) => stores.shortTriggers(path, names),
      };
      return fireSlots(
        services.context(later, () => authorOf(owner.identity)),
        parts,
        { ...owner, transactionId, slots },
      );
    }

    /** Has containers made for what these triggers are about to start, where there is room. */
    async prepareSlots(namespace: { name: string; uuid: string }, names: string[]): Promise<Shortage[][]> {
      const services = await ready(open(this.env));
      const later = (work: Promise<unknown>) => this.ctx.waitUntil(work);
      const owner = await itself(services, namespace, later);
      if (owner === null) return names.map(() => []);
      const transactionId = crypto.randomUUID().replaceAll("-", "");
      const asked = { ...owner, transactionId, names, waitMs: services.settings.lookAheadMs };
      const context = services.context(later, () => authorOf(owner.identity));
      return prepareAhead(context, { triggers, actions }, asked);
    }

    /** Throws if it could not be deleted: ask again. */
    async endTrigger(
      namespace: { name: string; uuid: string },
      trigger: string,
      options: { rules: boolean },
    ): Promise<void> {
      const services = await ready(open(this.env));
      const owner = await itself(services, namespace, (work) => this.ctx.waitUntil(work));
      if (owner === null) return;
      const context = {
        caller: owner.identity,
        entities: services.acting(authorOf(owner.identity)).entities,
        now: () => Date.now(),
        pause: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
        withWrite: <T>(name: string, write: () => Promise<T>) => services.withWrite(name, write),
      };
      const ended = await endTrigger(context, trigger, options);
      if (!ended.ok) throw new Error(ended.text);
    }

    /** Sends one event to a sink, in the name of the namespace; what the sink does is a value. */
    async deliver(
      namespace: { name: string; uuid: string },
      settings: SinkSettings,
      event: SinkEvent,
      dead: SinkRefusal | null,
    ): Promise<SinkAnswer> {
      const services = await ready(open(this.env));
      const owner = await itself(services, namespace, (work) => this.ctx.waitUntil(work));
      if (owner === null)
        return { kind: "barred", reason: "nobody has the namespace any more, or its owner is blocked" };
      outbound ??= openOutbound({ network: this.env.OUTBOUND, allow: services.settings.outboundAllow, own: [] });
      return deliver({ stores: services.stores, outbound }, { namespaceId: namespace.uuid, settings, event, dead });
    }

    /** Reads a table or a bucket for a feed, in the name of the namespace; what the source does is a value. */
    async readSource(asked: ReadSource): Promise<SourceRead> {
      const services = await ready(open(this.env));
      const owner = await itself(services, asked.namespace, (work) => this.ctx.waitUntil(work));
      return owner === null ? { kind: "blocked", text: BARRED_SOURCE } : readSource(services, asked);
    }

    async scheduleObject(name: string): Promise<void> {
      const services = await ready(open(this.env));
      await services.stores.scheduleObjects.add(name);
    }
  };
}
