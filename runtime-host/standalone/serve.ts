// Composition of the one-machine mode: state, Worker, runtime host, proof; and taking it all down again in order.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AdminClient, createAdminClient } from "../client/admin-client.ts";
import { retry } from "../client/retry.ts";
import { isGoing } from "../machine/process-table.ts";
import { buildDateOf, buildOf } from "../program/build.ts";
import { type StandaloneConfig, urlOf } from "./config.ts";
import { startDevEdge } from "./dev.ts";
import { MIGRATIONS, STOPPED, startEdge } from "./edge.ts";
import { chooseEngine } from "./engine-choice.ts";
import { StartFailure } from "./failure.ts";
import type { Serving } from "./greeting.ts";
import { startHost } from "./host-process.ts";
import { firstUser } from "./identity.ts";
import { lookForLeftovers, openDockerSetup } from "./images.ts";
import { openMachine } from "./machine.ts";
import { refuseNewerState } from "./migrations.ts";
import { assertFree } from "./port.ts";
import { openProcessRegistry } from "./process-registry.ts";
import { proofKey, proveItself } from "./proof.ts";
import { type Reaper, startReaper } from "./reaper.ts";
import { forgetRunning, noteRunning } from "./running.ts";
import { LOCAL_HOST, openState } from "./state.ts";
import { checkState } from "./state-check.ts";
import { awaitReaper, sweepAfter, sweepChildren } from "./sweep.ts";
import { startTicking } from "./ticker.ts";

/** Upstream's system lets no activations share a container; on a machine of one's own it is up to each action. */
const LIMITS_HERE = JSON.stringify({ concurrency: { max: 200 } });

export interface ServeOptions {
  root: string;
  log: (line: string) => void;
  /** Something that cannot be mended: the caller should stop. */
  onGone: (reason: string) => void;
}

export interface Running {
  /** Resolves when the platform has proved itself. Rejects with StartFailure. */
  serving: Promise<Serving>;
  /** Ends everything that was started, children first. May be called at any time, also while starting. */
  stop(): Promise<void>;
}

/** What running activations get at the end (s), and how long (ms) the runtime host may take in all. */
const HOST_DRAIN = 2;
const HOST_GRACE = 6_000;
/** How often the proof is begun, where the platform's process is killed in the middle of it. */
const PROOFS = 3;
/** How long (ms) the runtime host may take to be known to the platform. */
const HOST_PATIENCE = 60_000;
/** How often (ms) the children are written down while starting. */
const NOTING = 250;
const NO_ISOLATION =
  "THE PROCESS ENGINE ISOLATES NOTHING: actions run with this user's rights and can read and change what this user can.";
/** How long (ms) a start that is to stop may take to notice. */
const START_GRACE = 2_000;
/** How long (ms) a dead start's port may stay taken. */
const PORT_PATIENCE = 5_000;

export function serve(config: StandaloneConfig, options: ServeOptions): Running {
  const undo: (() => unknown)[] = [];
  const { log } = options;
  let stopping: Promise<void> | null = null;

  async function onStop(step: () => unknown): Promise<void> {
    if (stopping === null) {
      undo.push(step);
      return;
    }
    await step();
    throw new StartFailure(STOPPED);
  }

  async function start(): Promise<Serving> {
    const began = performance.now();
    const state = openState(config.state);
    const version = Promise.all([buildOf(options.root), buildDateOf(options.root)]);
    await onStop(state.release);
    refuseNewerState(state.folder, join(options.root, MIGRATIONS));
    if (state.previous !== null) {
      await awaitReaper(state.folder, state.previous);
      const ended = await sweepAfter(state.folder, state.previous);
      if (ended > 0) log(`ended ${ended} processes of an earlier start that was killed`);
    }
    const reaper = startReaper(state.folder, { owner: state.owner, onStart: () => family.note(), log });
    await onStop(reaper.dismiss);
    await onStop(() => void sweepChildren(reaper.pid()));
    const family = openProcessRegistry(state.folder, { owner: state.owner, reaperPid: reaper.pid });
    // Until all is up, children come and go; later each change is told.
    const noting = setInterval(family.note, NOTING);
    await onStop(() => clearInterval(noting));

    const checked = checkState(state.folder, { salvage: config.salvage });
    // Looked at below, when what goes on meanwhile is done.
    checked.catch(() => undefined);
    await assertFree(config, state.previous === null ? 0 : PORT_PATIENCE);
    const engine = await chooseEngine(config, { openDocker: () => openDockerSetup(process.env), log });
    log(`engine ${engine.name}: ${engine.why}`);
    if (engine.name === "process") log(NO_ISOLATION);
    else family.hasContainers(state.secrets.hostName);

    const machine = await openMachine(state.folder, log);
    await onStop(machine.close);
    const fault = machine.fault();
    if (fault !== null) throw new StartFailure(`${capital(fault)}: make room, or choose another folder with --state.`);
    for (const line of await checked) log(line);
    let hostPid = (): number | undefined => undefined;
    const hostState = () => {
      const pid = hostPid();
      return pid !== undefined && isGoing(pid) ? "going" : "";
    };
    log("starting the Worker …");
    const [build, buildDate] = await version;
    const wellKnown = config.loopback || config.developmentKeys;
    const edge = await (config.dev ? startDevEdge : startEdge)({
      root: options.root,
      host: config.host,
      port: config.port,
      state: state.folder,
      vars: {
        ADMIN_TOKEN: state.secrets.adminToken,
        MASTER_SECRET: state.secrets.masterSecret,
        MASTER_SECRET_PREVIOUS: state.secrets.masterSecretPrevious ?? "",
        BUILD: build,
        BUILD_DATE: buildDate,
        LIMITS: LIMITS_HERE,
        // Nobody stands in front of it, unless --var says so.
        CLIENT_ADDRESS_HEADER: "",
        // One person's machine: nobody is throttled unless a limit is set.
        ...(wellKnown
          ? { DEVELOPMENT_KEYS: config.loopback ? "loopback" : "everywhere", DEFAULT_THROTTLE: "none" }
          : {}),
        ...config.vars,
      },
      log,
      isStopping: () => stopping !== null,
      machine: async (path) =>
        path === `/host/${state.secrets.hostName}` ? { status: 200, body: hostState() } : machine.answer(path),
      onRestart: family.note,
      onGone: options.onGone,
    });
    await onStop(edge.close);
    await onStop(startTicking(edge, log));

    const url = urlOf(config.host, edge.port);
    const admin = createAdminClient(url, state.secrets.adminToken);
    const token = await retry(() => admin.createHost(state.secrets.hostName, { rotate: true }));
    if (!token.ok) throw new StartFailure(`The runtime host got no token: ${token.reason}.`);
    await forgetOthers(admin, state.secrets.hostName);
    log("starting the runtime host …");
    const ready = Promise.withResolvers<void>();
    // Trouble is of interest until it is ready for the first time; whoever waits for that sees it below.
    ready.promise.catch(() => undefined);
    const host = startHost({
      url,
      token: token.value.token,
      name: state.secrets.hostName,
      engine: engine.name,
      state: state.folder,
      build,
      drain: HOST_DRAIN,
      ...(config.memory === undefined ? {} : { memory: config.memory }),
      log,
      onStart: family.note,
      onReady: ({ unhealthy }) =>
        unhealthy === undefined ? ready.resolve() : ready.reject(new StartFailure(takesNothing(unhealthy))),
      onTrouble: (how) =>
        ready.reject(new StartFailure(`The runtime host does not start (${how}): its lines stand above.`)),
    });
    hostPid = host.pid;
    if (engine.name === "docker") await onStop(() => leaveLeftovers(state.secrets.hostName, reaper));
    await onStop(() => host.stop(HOST_GRACE));
    const user = await firstUser({ url, wellKnown, state, admin });
    await Promise.race([
      ready.promise,
      sleep(HOST_PATIENCE, undefined, { ref: false }).then(() => {
        throw new StartFailure(
          `The runtime host was not ready within ${HOST_PATIENCE / 1000} s; its lines stand above.`,
        );
      }),
    ]);
    const key = await proofKey(state, admin);
    let proof = await proveItself(url, key);
    for (let again = 1; again < PROOFS && !proof.ok && proof.unreached; again++) {
      log(`the proof was cut off (${proof.reason}); once more`);
      await sleep(again * 500);
      proof = await proveItself(url, key);
    }
    if (!proof.ok) throw new StartFailure(`The hello action did not run: ${proof.reason}.`);
    clearInterval(noting);
    family.note();
    noteRunning(state.folder, { url, owner: state.owner, wellKnown });
    await onStop(() => forgetRunning(state.folder));
    return { url, engine: engine.name, key: user.shown, proof: proof.proof, took: performance.now() - began };
  }

  /** The host ends before all its containers have, where there are many: an engine removes about ten in a second. */
  async function leaveLeftovers(host: string, reaper: Reaper): Promise<void> {
    const left = await lookForLeftovers(host);
    if (left === null) return;
    reaper.leave(left);
    log(`${left.count} containers are still to be removed: process ${reaper.pid()} does that, within a minute`);
  }

  /** Hosts of the folder this one is a copy of: nobody comes by their names any more. */
  async function forgetOthers(admin: AdminClient, mine: string): Promise<void> {
    const hosts = await retry(() => admin.hosts());
    if (!hosts.ok) throw new StartFailure(`The hosts cannot be listed: ${hosts.reason}.`);
    for (const name of hosts.value) if (LOCAL_HOST.test(name) && name !== mine) await admin.revokeHost(name);
  }

  async function takeDown(): Promise<void> {
    await undoAll();
    // A step of the start that was under way undoes itself when it sees that we stop.
    await Promise.race([serving.catch(() => undefined), sleep(START_GRACE)]);
  }

  async function undoAll(): Promise<void> {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      try {
        await step();
      } catch (error) {
        log(`while stopping: ${(error as Error).message}`);
      }
    }
  }

  const serving = start();
  return {
    serving,
    stop() {
      stopping ??= takeDown();
      return stopping;
    },
  };
}

/** The host's own reason, and the way out where it is known. */
function takesNothing(reason: string): string {
  const way = reason.startsWith("the disk of") ? " Make room, or lower the bound (EDGEWHISK_MIN_DISK, in MB)." : "";
  return `The runtime host takes nothing: ${reason}.${way}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
