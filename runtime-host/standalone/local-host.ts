// Fourth part of a start: the runtime host of this machine gets a token and is started; and what its containers leave
// at the end.

import { setTimeout as sleep } from "node:timers/promises";
import { logLevelOf } from "../../src/entities/log-level.ts";
import type { AdminClient } from "../client/admin-client.ts";
import { retry } from "../client/retry.ts";
import type { Claim } from "./claim.ts";
import type { EngineName } from "./engine-choice.ts";
import { StartFailure } from "./failure.ts";
import { startHost } from "./host-process.ts";
import { lookForLeftovers } from "./images.ts";
import type { Reaper } from "./reaper.ts";
import type { Start } from "./start.ts";
import { LOCAL_HOST } from "./state.ts";
import type { LocalWorker } from "./worker.ts";

/** What running activations get at the end. */
const DRAIN_S = 2;
/** How long it may take to end, in all. */
const MAX_END_MS = 6_000;
/** How long it may take to be known to the platform. */
const MAX_READY_MS = 60_000;

export interface LocalHost {
  /** Undefined while it does not run. */
  pid(): number | undefined;
  /** Resolves when the platform knows it and it takes work; rejects with StartFailure. */
  ready(): Promise<void>;
}

export async function startLocalHost(
  { config, build, log, onStop }: Start,
  { claim, worker, engine }: { claim: Claim; worker: LocalWorker; engine: EngineName },
): Promise<LocalHost> {
  const { state, family, reaper } = claim;
  const { hostName } = state.secrets;
  const { url, admin } = worker;
  const token = await retry(() => admin.createHost(hostName, { rotate: true }));
  if (!token.ok) throw new StartFailure(`The runtime host got no token: ${token.reason}.`);
  await forgetOthers(admin, hostName);
  log("starting the runtime host …");
  const ready = Promise.withResolvers<void>();
  // Trouble is of interest until it is ready for the first time; whoever waits for that sees it below.
  ready.promise.catch(() => undefined);
  const [builtFrom] = await build;
  const host = startHost({
    url,
    token: token.value.token,
    name: hostName,
    engine,
    state: state.folder,
    build: builtFrom,
    drain: DRAIN_S,
    logLevel: logLevelOf(config.vars.LOG_LEVEL),
    ...(config.memory === undefined ? {} : { memory: config.memory }),
    log,
    onStart: family.note,
    onReady: ({ unhealthy }) =>
      unhealthy === undefined ? ready.resolve() : ready.reject(new StartFailure(takesNothing(unhealthy))),
    onTrouble: (how) =>
      ready.reject(new StartFailure(`The runtime host does not start (${how}): its lines stand above.`)),
  });
  if (engine === "docker") await onStop(() => leaveLeftovers(hostName, { reaper, log }));
  await onStop(() => host.stop(MAX_END_MS));
  return {
    pid: host.pid,
    ready: () =>
      Promise.race([
        ready.promise,
        sleep(MAX_READY_MS, undefined, { ref: false }).then(() => {
          throw new StartFailure(
            `The runtime host was not ready within ${MAX_READY_MS / 1000} s; its lines stand above.`,
          );
        }),
      ]),
  };
}

/** Hosts of the folder this one is a copy of: nobody comes by their names any more. */
async function forgetOthers(admin: AdminClient, mine: string): Promise<void> {
  const hosts = await retry(() => admin.hosts());
  if (!hosts.ok) throw new StartFailure(`The hosts cannot be listed: ${hosts.reason}.`);
  for (const name of hosts.value) if (LOCAL_HOST.test(name) && name !== mine) await admin.revokeHost(name);
}

/** The host ends before all its containers have, where there are many: an engine removes about ten in a second. */
async function leaveLeftovers(
  host: string,
  { reaper, log }: { reaper: Reaper; log: (line: string) => void },
): Promise<void> {
  const left = await lookForLeftovers(host);
  if (left === null) return;
  reaper.leave(left);
  log(`${left.count} containers are still to be removed: process ${reaper.pid()} does that, within a minute`);
}

/** The host's own reason, and the way out where it is known. */
function takesNothing(reason: string): string {
  const way = reason.startsWith("the disk of") ? " Make room, or lower the bound (EDGEWHISK_MIN_DISK, in MB)." : "";
  return `The runtime host takes nothing: ${reason}.${way}`;
}
