// The ports of a store's core over the platform: other objects, the Worker, the stores of records and blobs.

import type { PlatformEvents } from "../../src/entities/record-hook.ts";
import { activationStoreMode, type Env, longestQueue, masterSecretOf, recordBounds } from "../../src/env.ts";
import { platformEvents } from "../../src/env-schemas.ts";
import type { MetricsSender } from "../../src/metrics/sender.ts";
import type { ResumeRpc } from "../../src/protocol/fire.ts";
import { ROSTER_NAME } from "../../src/protocol/names.ts";
import type { StoreName } from "../../src/protocol/rpc.ts";
import { type SinksRpc, sinksObjectOf } from "../../src/protocol/sinks.ts";
import { openBlobs, openEventHooks, openMachine, openRecordHooks, openRecordShelves } from "../../src/storage/open.ts";
import type { OpenHook } from "../../src/storage/record-hook-book.ts";
import { outboundOf } from "../shared/outbound.ts";
import type { AlarmPorts } from "../shared/ports.ts";
import { MovingTurns } from "./moving-turns.ts";
import type { EventHooks, HookPort, StorePorts } from "./ports.ts";

/** Of the isolate that has this environment: all its objects share them. */
const turnsIn = new WeakMap<Env, MovingTurns>();

/** `name`: of the store. */
export function storePorts(
  ctx: Pick<DurableObjectState, "exports">,
  env: Env,
  { name, ports, meter }: { name: StoreName; ports: AlarmPorts; meter: MetricsSender["meter"] },
): StorePorts {
  const worker = ctx.exports as unknown as { Internal: ResumeRpc };
  return {
    ...ports,
    meter,
    maxQueue: longestQueue(env),
    turns: turnsOf(env),
    shelves: openRecordShelves(env, activationStoreMode(env), recordBounds(env)),
    scheduler: (scheduler) => env.SCHEDULER.getByName(scheduler),
    resume: (fire, started) => worker.Internal.resume(fire, started),
    roster: env.ROSTER.getByName(ROSTER_NAME),
    hook: hookPort(env),
    events: eventHooks(env),
    sinks: () => env.SINKS.getByName(sinksObjectOf(name.slice(0, name.lastIndexOf(":")))) as unknown as SinksRpc,
    ledgerFault: () => openMachine(env).ledgerFault(),
    leave: (namespaceId, ids) => {
      env.THROTTLE.getByName(namespaceId)
        .leave(ids)
        .catch((error: unknown) => ports.warn(`permits were not given back: ${String(error)}`));
    },
    forget: (keys) => {
      openBlobs(env)
        .delete(keys)
        .catch((error: unknown) => ports.warn(`blobs were not deleted: ${String(error)}`));
    },
  };
}

function turnsOf(env: Env): MovingTurns {
  const turns = turnsIn.get(env) ?? new MovingTurns();
  turnsIn.set(env, turns);
  return turns;
}

function hookPort(env: Env): HookPort {
  const outbound = outboundOf(env);
  return {
    open: async (owner) => openRecordHooks(env, masterSecretOf(env)).open(owner),
    send: (owner, call) => outbound.call(owner, { ...call, method: "POST" }),
    text: (key) => openBlobs(env).text(key),
  };
}

function eventHooks(env: Env): EventHooks {
  const { send } = hookPort(env);
  const platforms = platformEvents(env);
  return {
    namespace: { send, open: async (owner) => openEventHooks(env, masterSecretOf(env)).open(owner) },
    platform: { send, open: async () => (platforms === null ? null : openPlatforms(platforms)) },
    isPlatforms: platforms !== null,
  };
}

/** As if it were a namespace's. */
function openPlatforms({ url, secret, token }: PlatformEvents): OpenHook {
  return {
    ...{ namespaceId: "", revision: 0, on: true, changed: 0, told: 0 },
    hook: { url, format: "ndjson", gzip: true },
    secrets: { signing: secret, authorization: token === null ? null : `Bearer ${token}` },
  };
}
