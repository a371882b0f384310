// What a host says of itself when it comes in: the `hello` of each socket.

import { type HostReport, PROTOCOL_VERSION } from "../src/protocol/messages.ts";
import type { HostConfig } from "./config.ts";
import type { Containers } from "./container/contract.ts";

export interface ReporterParts {
  /** Names this process. */
  boot: string;
  /** MB of one shard. */
  memory: number;
  containers: Pick<Containers, "runtimes" | "security" | "impaired" | "engine" | "blackbox">;
}

export class HostReporter {
  readonly #config: Pick<HostConfig, "name" | "build" | "labels">;
  readonly #parts: ReporterParts;
  /** Runtimes and security as they were said last; "" = not yet. */
  #said = "";

  constructor(config: Pick<HostConfig, "name" | "build" | "labels">, parts: ReporterParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** Of this shard, as things are now. `epoch`: the highest one obeyed. `unhealthy`: why it takes nothing. */
  report(shard: number, { epoch, unhealthy }: { epoch: number; unhealthy: string | null }): HostReport {
    const { name, build, labels } = this.#config;
    const { boot, memory, containers } = this.#parts;
    const runtimes = containers.runtimes();
    this.#said = this.#saying();
    const impaired = containers.impaired?.() ?? null;
    return {
      version: PROTOCOL_VERSION,
      host: name,
      shard,
      boot,
      build,
      engine: containers.engine,
      memory,
      runtimes,
      blackbox: containers.blackbox,
      epoch,
      follows: true,
      prepares: true,
      lists: true,
      ...(labels.length === 0 ? {} : { labels: [...labels] }),
      ...(unhealthy === null ? {} : { unhealthy }),
      ...(impaired === null ? {} : { impaired }),
      ...(containers.security === undefined ? {} : { security: containers.security }),
    };
  }

  /** Whether the runtimes, or what the engine enforces, are others than were said last. */
  outdated(): boolean {
    return this.#said !== this.#saying();
  }

  #saying(): string {
    const { containers } = this.#parts;
    return JSON.stringify([containers.runtimes(), containers.security]);
  }
}
