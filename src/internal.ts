// The door for our own objects: what must invoke goes through here, so that the rules of a call stand in one place.

import { WorkerEntrypoint } from "cloudflare:workers";
import type { ActivationId } from "./entities/activation-id.ts";
import type { Env } from "./env.ts";
import type { Result } from "./errors.ts";
import { FanOut } from "./invocation/fan-out.ts";
import { ActionResolver } from "./invocation/resolve.ts";
import { step } from "./invocation/step.ts";
import type { StepReply, StepRequest } from "./protocol/composition.ts";
import type { Fire } from "./protocol/fire.ts";
import type { Services } from "./services/services.ts";

/** Throws while the platform is not configured: our objects ask again. */
async function ready(opened: Result<Services>): Promise<Services> {
  if (!opened.ok) throw new Error(opened.text);
  const refusal = await opened.value.refusal();
  if (refusal !== null) throw new Error(refusal.text);
  return opened.value;
}

export function makeInternal(open: (env: Env) => Result<Services>) {
  const actions = new ActionResolver();
  const fanOut = new FanOut(actions);
  return class Internal extends WorkerEntrypoint<Env> {
    /** One step of a composition; throws if nobody knows whether it was started: ask again. */
    async step(request: StepRequest): Promise<StepReply> {
      const services = await ready(open(this.env));
      const later = (work: Promise<unknown>) => this.ctx.waitUntil(work);
      const { epoch } = await services.lease(request.onBehalf.identity.namespace.name, later);
      const work = step(services.context(later), { actions, epoch }, request);
      later(work.catch(() => undefined));
      return work;
    }

    /** What is left of a fire is done now, or its store asks again. */
    async resume(fire: Fire, started: ActivationId[]): Promise<void> {
      const services = await ready(open(this.env));
      const later = (work: Promise<unknown>) => this.ctx.waitUntil(work);
      const { epoch } = await services.lease(fire.about.namespace, later);
      const work = fanOut.run(services.context(later), fire, { started, epoch });
      later(work);
      return work;
    }
  };
}
