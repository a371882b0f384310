// Chooses the engine, says why, and puts the pool on top of it.

import { chmodSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { resolveKind, runnableKinds } from "../../src/entities/runtimes.ts";
import type { SecurityReport } from "../../src/protocol/messages.ts";
import type { Containers } from "../container/contract.ts";
import { journalFolder } from "../container/journal.ts";
import { type Engine, type EngineOptions, EngineUnavailable } from "../engine/engine.ts";
import { ProcessEngine } from "../engine/process/process-engine.ts";
import { falls } from "../engine/security-level.ts";
import { ContainerPool } from "./container-pool.ts";
import type { CreationPatience } from "./creations.ts";
import type { PrewarmTarget } from "./pool-state.ts";
import type { Prewarm as PrewarmSpec } from "./prewarm-spec.ts";

/** See PoolLimits.idleShare: a waiting Node process of 128 MB holds about 45. */
const IDLE_SHARE = 0.5;
const PATIENCE_MS = 500;
const MAX_WAITING = 1_000;

/** How a pool and its engine are opened. Memory is in MB, times are in ms. */
export interface ContainersOptions extends EngineOptions {
  engine: "auto" | "docker" | "process";
  /** MB for running activations, all scheduler shards together. */
  memory: number;
  /** Less security than this, and it does not open. */
  requireLevel?: SecurityReport["level"];
  prewarm: readonly PrewarmSpec[];
  container: EngineOptions["container"] & {
    /** ms without a job after which it is removed. */
    idleTimeout: number;
    /** ms after the last answer until it is paused. */
    pauseGrace: number;
    /** Full grown containers, idle ones included; a bound beside memory. */
    max: number;
  };
  creationPatience?: CreationPatience;
  /** Watches what the engine does. */
  watched?: (engine: Engine) => Engine;
}

/** Rejects with EngineUnavailable's sentence if the asked engine cannot be had. */
export async function openContainers(options: ContainersOptions): Promise<Containers> {
  mkdirSync(options.state, { recursive: true, mode: 0o700 });
  chmodSync(options.state, 0o700);
  const folder = join(options.state, "logs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let pool: ContainerPool | null = null;
  const changed = () => {
    pool?.runtimes();
    options.changed();
  };
  const { engine, why } = await choose({ ...options, changed });
  const { security } = engine;
  const refused = falls(security, options.requireLevel ?? "none");
  if (refused !== null) {
    await engine.close();
    throw new EngineUnavailable(refused);
  }
  options.log.info("engine-chosen", { engine: engine.name, why });
  const { lacks, level, ...held } = security;
  options.log.info("security-level", { ...held, reached: level, lacks: lacks.join("; ") });
  pool = new ContainerPool(options.watched?.(engine) ?? engine, {
    limits: {
      memoryMb: options.memory,
      idleShare: IDLE_SHARE,
      containers: options.container.max,
      creations: Math.max(2, availableParallelism()),
      waiting: MAX_WAITING,
      patienceMs: PATIENCE_MS,
      pauseGraceMs: options.container.pauseGrace,
      idleTimeoutMs: options.container.idleTimeout,
    },
    prewarms: prewarmsOf(engine, options.prewarm),
    folder,
    journals: journalFolder(options.state),
    log: options.log,
    changed,
    ...(options.creationPatience === undefined ? {} : { creationPatience: options.creationPatience }),
  });
  return pool;
}

async function choose(options: ContainersOptions): Promise<{ engine: Engine; why: string }> {
  if (options.engine === "process") return { engine: await ProcessEngine.open(options), why: "as asked" };
  try {
    // What speaks to Docker is loaded where it is used.
    const { DockerEngine } = await import("../engine/docker/docker-engine.ts");
    const engine = await DockerEngine.open(options);
    if (options.engine === "docker") return { engine, why: "as asked" };
    if (engine.runtimes().length > 0) return { engine, why: "a Docker engine answers and has action images" };
    await engine.close();
    throw new EngineUnavailable("The Docker engine has no action image (npm run images builds them).");
  } catch (error) {
    if (options.engine === "docker" || !(error instanceof EngineUnavailable)) throw error;
    return { engine: await ProcessEngine.open(options), why: error.message };
  }
}

/** `nodejs:default` becomes the kind that can run here; what cannot is left out. */
function prewarmsOf(engine: Engine, wanted: ContainersOptions["prewarm"]): PrewarmTarget[] {
  const runnable = runnableKinds(new Set(engine.runtimes().map((each) => each.kind)));
  return wanted.flatMap(({ kind, ...rest }) => {
    const found = resolveKind(kind, runnable);
    return found === null ? [] : [{ runtime: found.kind, ...rest }];
  });
}
