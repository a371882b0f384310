// One container's life: made, greeted, given its action, run, paused, resumed, removed. It knows nothing of pools and
// keeps no opinion on what an answer means.

import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerOwner, ContainerSpec, Creation, Engine, EngineContainer } from "../engine/engine.ts";
import { ActionClient } from "./action-client.ts";
import { Journal } from "./journal.ts";
import { LogReader } from "./log-reader.ts";

export interface StartOptions {
  /** For spilled logs. */
  folder: string;
  /** For journals: memory, if that can be had. */
  journals: string;
  /** ms the server has to listen before the container is handed out as it is. */
  helloTimeoutMs: number;
}

/** ms between the end of a container's output and the end of what still waits for its answer. */
const LAST_OUTPUT_MS = 1_000;

export type Started =
  | { ok: true; container: ActionContainer }
  | (Extract<Creation, { ok: false }> & { container?: undefined });

export class ActionContainer {
  readonly spec: ContainerSpec;
  readonly logs: LogReader;
  readonly client: ActionClient;
  /** What the runtime says it can take: overlapping runs. */
  readonly concurrent: boolean;
  /** The runtime can tell what each of overlapping runs prints. */
  readonly named: boolean;
  /** The server answered a connect before the container was handed out. */
  readonly listening: boolean;
  /** Told once, when the container has ended by itself. */
  onEnded: (() => void) | null = null;
  initialized = false;
  /** Made ahead, for whoever would come. */
  prewarmed = false;
  readonly #engine: EngineContainer;

  private constructor(
    parts: { engine: EngineContainer; spec: ContainerSpec; logs: LogReader; client: ActionClient },
    hello: { concurrent: boolean; named: boolean; listening: boolean },
  ) {
    this.#engine = parts.engine;
    this.spec = parts.spec;
    this.logs = parts.logs;
    this.client = parts.client;
    this.concurrent = hello.concurrent;
    this.named = hello.named;
    this.listening = hello.listening;
  }

  /** Never rejects. */
  static async start(engine: Engine, spec: ContainerSpec, options: StartOptions): Promise<Started> {
    const own = spec.image === undefined;
    const logs = new LogReader({ folder: options.folder, sentinelled: own, early: !own });
    let self: ActionContainer | null = null;
    let client: ActionClient | null = null;
    const journal = engine.sharesFiles && spec.image === undefined ? makeJournal(options.journals) : null;
    const files = journal === null ? {} : { journals: journal.paths };
    const created = await engine.create(
      { ...spec, ...files },
      {
        output: (stream, bytes) => logs.chunk(stream, bytes),
        ended: () => {
          logs.end();
          if (client !== null) client.ended = true;
          self?.onEnded?.();
          if (self !== null) void self.#giveUp();
        },
      },
    );
    if (!created.ok) {
      journal?.close();
      return created;
    }
    client = new ActionClient(created.container.address);
    client.ended = logs.ended;
    const { listening, text } = await client.hello(options.helloTimeoutMs);
    if (listening) created.container.reached?.();
    journal?.unlink();
    // A runtime that was too slow to say hello may write to its journal all the same.
    const isUnused = text !== null && !says(text, "journals");
    if (isUnused || logs.ended) journal?.close();
    else logs.journal = journal;
    const parts = { engine: created.container, spec, logs, client };
    self = new ActionContainer(parts, {
      concurrent: says(text, "concurrent"),
      named: says(text, "named"),
      listening,
    });
    return { ok: true, container: self };
  }

  get id(): string {
    return this.#engine.id;
  }

  get ended(): boolean {
    return this.logs.ended;
  }

  pause(): Promise<void> {
    return this.#engine.pause();
  }

  resume(): Promise<void> {
    return this.#engine.resume();
  }

  adopted(owner: ContainerOwner): void {
    this.prewarmed = true;
    this.#engine.adopted?.(owner);
  }

  async remove(): Promise<void> {
    this.onEnded = null;
    await this.#engine.remove();
    this.client.destroy();
    // The stream ends by itself; it may still carry last words.
    if (!this.logs.ended) setTimeout(() => this.logs.end(), LAST_OUTPUT_MS / 4).unref();
  }

  death(): ReturnType<EngineContainer["death"]> {
    return this.#engine.death();
  }

  residentMb(): number | null {
    return this.#engine.residentMb();
  }

  get memoryKills(): number {
    return this.#engine.memoryKills;
  }

  killedForMemory(before: number): boolean {
    return this.#engine.killedForMemory(before);
  }

  /** Its connections should have broken when it ended; where they have not, nobody is to wait for the deadline. */
  async #giveUp(): Promise<void> {
    await sleep(LAST_OUTPUT_MS, undefined, { ref: false });
    if (this.client.busy && (await this.#engine.death()) !== "engine") this.client.destroy();
  }
}

/** Null where there is no room: then the streams carry what it would. */
function makeJournal(folder: string): Journal | null {
  try {
    return Journal.make(folder);
  } catch {
    return null;
  }
}

/** Whether a runtime's hello has this word as true. */
function says(hello: string | null, word: string): boolean {
  try {
    const value: unknown = JSON.parse(hello ?? "null");
    return typeof value === "object" && value !== null && (value as Record<string, unknown>)[word] === true;
  } catch {
    return false;
  }
}
