// The Worker, kept up: migrated before it serves, and made anew if the platform gives up on it.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { versionOf } from "../program/build.ts";
import { bundleWorker } from "./bundle.ts";
import { causesOf, StartFailure } from "./failure.ts";
import { MIGRATIONS, migrateAll, noteState } from "./migrations.ts";
import { type Platform, type PlatformOptions, startPlatform } from "./platform.ts";
import { STOPPED } from "./take-down.ts";

export interface Edge {
  port: number;
  /** Of the web console; null: it is off. */
  consolePort: number | null;
  crons: readonly string[];
  tick(cron: string): Promise<void>;
  close(): Promise<void>;
}

export type EdgeOptions = Omit<PlatformOptions, "script" | "onFailure"> & {
  /** Nobody asked for this port of the console: where it is taken another does. */
  anyConsolePort: boolean;
  /** Whether the start it is part of is to end: then nothing is tried anew. */
  isStopping: () => boolean;
  /** The Worker cannot be kept up. */
  onGone: (reason: string) => void;
};

const MAX_ATTEMPTS = 5;

/** Throws StartFailure if it cannot start at all. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const script = await bundleWorker(options.root);
  let closing = false;
  let platform: Platform | null = null;
  let { port, consolePort } = options;

  function restarted(): void {
    options.log("the Worker's process died and runs again");
    options.onRestart();
  }

  async function open(): Promise<Platform> {
    const started = { ...options, port, script, onRestart: restarted, onFailure: (why: string) => void reopen(why) };
    const made = await startPlatform({ ...started, consolePort }).catch((error: unknown) => {
      const another = options.anyConsolePort && consolePort !== null && consolePort !== 0;
      if (!(error instanceof StartFailure) || !another) throw error;
      return startPlatform({ ...started, consolePort: 0 });
    });
    ({ port, consolePort } = made);
    return made;
  }

  async function reopen(reason: string): Promise<void> {
    if (closing || platform === null) return;
    const failed = platform;
    platform = null;
    options.log(`the Worker's process did not come back (${reason}); starting it anew`);
    await failed.close().catch(() => undefined);
    for (let attempt = 1; !closing && attempt <= MAX_ATTEMPTS; attempt++) {
      await sleep(attempt * 500);
      try {
        platform = await open();
        restarted();
        return;
      } catch (error) {
        options.log(`attempt ${attempt}: ${(error as Error).message}`);
      }
    }
    if (!closing) options.onGone(reason);
  }

  /** Opened, and its database brought up to date. Its process may be killed meanwhile: then it is tried again. */
  async function openMigrated(): Promise<Platform> {
    for (let attempt = 1; ; attempt++) {
      let opened: Platform | null = null;
      try {
        opened = await open();
        const applied: string[] = [];
        for await (const each of migrateAll(options.root, opened)) {
          applied.push(...each.applied.map((name) => (each.database === "DB" ? name : `${name} (${each.database})`)));
        }
        if (applied.length > 0) options.log(`database: applied ${applied.join(", ")}`);
        return opened;
      } catch (error) {
        await opened?.close().catch(() => undefined);
        if (error instanceof StartFailure) throw error;
        if (options.isStopping()) throw new StartFailure(STOPPED);
        const reason = causesOf(error);
        if (attempt === MAX_ATTEMPTS) throw new StartFailure(`The Worker's process does not start: ${reason}.`);
        options.log(`the Worker's process ended while it started (${reason}); starting it anew`);
        await sleep(attempt * 250);
      }
    }
  }

  const first = await openMigrated();
  platform = first;
  noteState(options.state, { version: versionOf(options.root), migrations: join(options.root, MIGRATIONS) });
  return {
    port,
    consolePort,
    crons: first.crons,
    async tick(cron) {
      await platform?.tick(cron);
    },
    async close() {
      closing = true;
      await platform?.close();
    },
  };
}
