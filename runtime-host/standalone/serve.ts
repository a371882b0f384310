// The one-machine mode, part by part: claim the folder, prepare the ground, start Worker and runtime host, prove that
// it works; and take it all down again in order.

import { buildDateOf, buildOf } from "../program/build.ts";
import { claimState } from "./claim.ts";
import type { StandaloneConfig } from "./config.ts";
import type { Serving } from "./greeting.ts";
import { prepareGround } from "./ground.ts";
import { firstUser } from "./identity.ts";
import { type LocalHost, startLocalHost } from "./local-host.ts";
import { provenPlatform } from "./proof.ts";
import { forgetRunning, noteRunning } from "./running.ts";
import type { Start } from "./start.ts";
import { openTakeDown } from "./take-down.ts";
import { honoursWellKnownKeys, startWorker } from "./worker.ts";

export type ServeOptions = Pick<Start, "root" | "log" | "onGone">;

export interface Running {
  /** Resolves when the platform has proved itself. Rejects with StartFailure. */
  serving: Promise<Serving>;
  /** Ends everything that was started, children first. May be called at any time, also while starting. */
  stop(): Promise<void>;
}

export function serve(config: StandaloneConfig, options: ServeOptions): Running {
  const { onStop, isStopping, stop } = openTakeDown(options.log);
  const build = Promise.all([buildOf(options.root), buildDateOf(options.root)]);
  const serving = startAll({ ...options, config, build, onStop, isStopping });
  return { serving, stop: () => stop(serving) };
}

async function startAll(start: Start): Promise<Serving> {
  const began = performance.now();
  const claim = await claimState(start);
  const { state } = claim;
  const { engine, machine } = await prepareGround(start, claim);
  let host: LocalHost | undefined;
  const worker = await startWorker(start, { claim, machine, hostPid: () => host?.pid() });
  host = await startLocalHost(start, { claim, worker, engine: engine.name });
  const { url, consoleUrl, admin } = worker;
  const wellKnown = honoursWellKnownKeys(start.config);
  const user = await firstUser({ url, wellKnown, state, admin });
  await host.ready();
  const proof = await provenPlatform(url, { state, admin, log: start.log });
  claim.settled();
  noteRunning(state.folder, { url, owner: state.owner, wellKnown });
  await start.onStop(() => forgetRunning(state.folder));
  return { url, consoleUrl, engine: engine.name, key: user.shown, proof, took: performance.now() - began };
}
