// Whether the engine lives: its event stream ends when it dies, and a ping now and then shows when it hangs, which
// leaves the stream open. What it tells of meanwhile is passed on.

import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { type Logger, reasonOf } from "../../program/logger.ts";
import { pingDocker } from "./connect.ts";

export interface EngineEvent {
  Type?: string;
  Action?: string;
  id?: string;
}

export interface EngineWatchOptions {
  log: Logger;
  event(event: EngineEvent): void;
  /** It answers again after it was lost; what fails here is tried again. */
  back(): Promise<void>;
  /** gone() has changed. */
  changed(): void;
}

const RECONNECT_MS = 1_000;
const PING_EVERY_MS = 5_000;
/** ms. Longer than a loaded machine takes to answer a ping. */
const PATIENCE_MS = 10_000;
const GONE = "the Docker engine does not answer";

export class EngineWatch {
  readonly #docker: Docker;
  readonly #options: EngineWatchOptions;
  #events: Readable | null = null;
  #lost = false;
  #hung = false;
  #pinging = false;
  #closed = false;
  #timer: NodeJS.Timeout;

  private constructor(docker: Docker, options: EngineWatchOptions) {
    this.#docker = docker;
    this.#options = options;
    this.#timer = setInterval(() => void this.#ping(), PING_EVERY_MS).unref();
  }

  static async open(docker: Docker, options: EngineWatchOptions): Promise<EngineWatch> {
    const watch = new EngineWatch(docker, options);
    try {
      await watch.#listen();
    } catch (error) {
      watch.close();
      throw error;
    }
    return watch;
  }

  gone(): string | null {
    return this.#lost || this.#hung ? GONE : null;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#events?.destroy();
  }

  async #listen(): Promise<void> {
    const stream = (await this.#docker.getEvents({
      filters: {
        type: ["container", "image"],
        event: ["oom", "die", "tag", "untag", "delete", "load", "import", "pull"],
      },
    })) as Readable;
    if (this.#closed) {
      stream.destroy();
      return;
    }
    this.#events = stream;
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) if (line !== "") this.#hear(line);
    });
    let over = false;
    const lost = () => {
      if (over || this.#closed) return;
      over = true;
      this.#say({ lost: true });
      void this.#reconnect();
    };
    stream.on("end", lost).on("close", lost).on("error", lost);
  }

  #hear(line: string): void {
    try {
      this.#options.event(JSON.parse(line) as EngineEvent);
    } catch {
      // Not an event.
    }
  }

  async #reconnect(): Promise<void> {
    while (!this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS).unref());
      try {
        await pingDocker(this.#docker, PATIENCE_MS);
        await this.#options.back();
        await this.#listen();
        return this.#say({ lost: false });
      } catch (error) {
        this.#options.log.debug("engine-not-back", { reason: reasonOf(error) });
      }
    }
  }

  async #ping(): Promise<void> {
    if (this.#lost || this.#pinging) return;
    this.#pinging = true;
    const answers = await pingDocker(this.#docker, PATIENCE_MS).then(
      () => true,
      () => false,
    );
    this.#pinging = false;
    if (!this.#closed) this.#say({ hung: !answers });
  }

  #say(news: { lost?: boolean; hung?: boolean }): void {
    const before = this.gone();
    this.#lost = news.lost ?? this.#lost;
    this.#hung = news.hung ?? (news.lost === false ? false : this.#hung);
    const now = this.gone();
    if (before === now) return;
    if (now === null) this.#options.log.info("engine-back");
    else this.#options.log.error("engine-gone", { reason: now });
    this.#options.changed();
  }
}
