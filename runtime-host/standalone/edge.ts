// The Worker, kept up: migrated before it serves, and made anew if the platform gives up on it.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleWorker } from "./bundle.ts";
import { migrate } from "./migrations.ts";
import { type Platform, type PlatformOptions, startPlatform } from "./platform.ts";

export interface Edge {
  port: number;
  crons: readonly string[];
  tick(cron: string): Promise<void>;
  close(): Promise<void>;
}

export type EdgeOptions = Omit<PlatformOptions, "script" | "onFailure"> & {
  /** The Worker cannot be kept up. */
  onGone: (reason: string) => void;
};

export const MIGRATIONS = "src/storage/d1/migrations";
const DATABASE = "DB";
const ATTEMPTS = 5;

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
    for (let attempt = 1; !closing && attempt <= ATTEMPTS; attempt++) {
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

  platform = await open();
  try {
    const applied = await migrate(await platform.database(DATABASE), join(options.root, MIGRATIONS));
    if (applied.length > 0) options.log(`database: applied ${applied.join(", ")}`);
  } catch (error) {
    await platform.close();
    throw error;
  }
  return {
    port,
    crons: platform.crons,
    async tick(cron) {
      await platform?.tick(cron);
    },
    async close() {
      closing = true;
      await platform?.close();
    },
  };
}
