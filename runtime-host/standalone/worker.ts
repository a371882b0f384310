// Third part of a start: the Worker with its objects, with the secrets of the state folder, and the clock of its cron
// trigger.

import { type AdminClient, createAdminClient } from "../client/admin-client.ts";
import { isGoing } from "../machine/process-table.ts";
import type { Claim } from "./claim.ts";
import { type StandaloneConfig, urlOf } from "./config.ts";
import { startDevEdge } from "./dev.ts";
import { startEdge } from "./edge.ts";
import { answerFeed } from "./feed-files.ts";
import type { Machine } from "./machine.ts";
import type { Start } from "./start.ts";
import type { Secrets } from "./state.ts";
import { startTicking } from "./ticker.ts";

/** Upstream's system lets no activations share a container; on a machine of one's own it is up to each action. */
const LIMITS_HERE = JSON.stringify({ concurrency: { max: 200 } });

export interface LocalWorker {
  /** Origin, as a client on this machine reaches it. */
  url: string;
  /** Origin of the web console; null: there is none. */
  consoleUrl: string | null;
  admin: AdminClient;
}

/** `hostPid`: of the runtime host, undefined while it does not run. */
export async function startWorker(
  start: Start,
  { claim, machine, hostPid }: { claim: Claim; machine: Machine; hostPid: () => number | undefined },
): Promise<LocalWorker> {
  const { config, root, log, onStop, isStopping, onGone } = start;
  const { state, family } = claim;
  const { hostName, adminToken } = state.secrets;
  log("starting the Worker …");
  const hostState = () => {
    const pid = hostPid();
    return pid !== undefined && isGoing(pid) ? "going" : "";
  };
  const edge = await (config.dev ? startDevEdge : startEdge)({
    root,
    host: config.host,
    port: config.port,
    consolePort: config.console?.port ?? null,
    anyConsolePort: config.console?.fixed === false,
    state: state.folder,
    vars: variablesOf(config, state.secrets, await start.build),
    log,
    isStopping,
    machine: async (path) => (path === `/host/${hostName}` ? { status: 200, body: hostState() } : machine.answer(path)),
    feeds: (path, body) => answerFeed(config.feeds, path, body),
    onRestart: family.note,
    onGone,
  });
  await onStop(edge.close);
  await onStop(startTicking(edge, log));
  const url = urlOf(config.host, edge.port);
  const consoleUrl = edge.consolePort === null ? null : urlOf(config.host, edge.consolePort);
  return { url, consoleUrl, admin: createAdminClient(url, adminToken) };
}

/** Whether the well-known development keys open anything. */
export function honoursWellKnownKeys(config: Pick<StandaloneConfig, "loopback" | "developmentKeys">): boolean {
  return config.loopback || config.developmentKeys;
}

/** Secrets and variables of the Worker; `--var` goes over all of them. */
export function variablesOf(
  config: Pick<StandaloneConfig, "loopback" | "developmentKeys" | "feeds" | "vars">,
  secrets: Pick<Secrets, "adminToken" | "masterSecret" | "masterSecretPrevious">,
  [build, buildDate]: readonly [string, string],
): Record<string, string> {
  const names = { d1: Object.keys(config.feeds.d1), r2: Object.keys(config.feeds.r2) };
  return {
    ADMIN_TOKEN: secrets.adminToken,
    MASTER_SECRET: secrets.masterSecret,
    MASTER_SECRET_PREVIOUS: secrets.masterSecretPrevious ?? "",
    BUILD: build,
    BUILD_DATE: buildDate,
    LIMITS: LIMITS_HERE,
    ...(names.d1.length + names.r2.length === 0 ? {} : { FEED_FILES: JSON.stringify(names) }),
    // Nobody stands in front of it, unless --var says so.
    CLIENT_ADDRESS_HEADER: "",
    // One person's machine: nobody is throttled unless a limit is set.
    ...(honoursWellKnownKeys(config)
      ? { DEVELOPMENT_KEYS: config.loopback ? "loopback" : "everywhere", DEFAULT_THROTTLE: "none" }
      : {}),
    ...config.vars,
  };
}
