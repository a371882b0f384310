// The Worker, kept up: migrated before it serves, and made anew if the platform gives up on it.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { versionOf } from "../program/build.ts";
import { bundleWorker } from "./bundle.ts";
import { causesOf, StartFailure } from "./failure.ts";
import { migrate, noteState } from "./migrations.ts";
import { type Platform, type PlatformOptions, startPlatform } from "./platform.ts";
import { STOPPED } from "./take-down.ts";

export interface Edge {
  port: number;
  crons: readonly string[];
  tick(cron: string): Promise<void>;
  close(): Promise<void>;
}

export type EdgeOptions = Omit<PlatformOptions, "script" | "onFailure"> & {
  /** Whether the start it is part of is to end: then nothing is tried anew. */
  isStopping: () => boolean;
  /** The Worker cannot be kept up. */
  onGone: (reason: string) => void;
};

export const MIGRATIONS = "src/storage/d1/migrations";
const DATABASE = "DB";
const RECORD_MIGRATIONS = "src/storage/records/migrations";
/** What the bindings of databases of activation records begin with. */
const RECORDS = "RECORDS_";
const MAX_ATTEMPTS = 5;

/** Throws StartFailure if it cannot start at all. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const script = await bundleWorker(options.root);
  let closing = false;
  let platform: Platform | null = null;
  let port = options.port;

  function restarted(): void {
    options.log("the Worker's process died and runs again");
    options.onRestart();
  }

  async function open(): Promise<Platform> {
    const made = await startPlatform({
      ...options,
      port,
      script,
      onRestart: restarted,
      onFailure: (reason) => void reopen(reason),
    });
    port = made.port;
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
        const applied = await migrate(await opened.database(DATABASE), join(options.root, MIGRATIONS));
        for (const binding of opened.databases.filter((name) => name.startsWith(RECORDS))) {
          const made = await migrate(await opened.database(binding), join(options.root, RECORD_MIGRATIONS));
          applied.push(...made.map((name) => `${name} (${binding})`));
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
