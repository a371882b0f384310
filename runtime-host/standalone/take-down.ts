// How a start is taken down: each step that was made is undone, the last one first, also while more are being made.

import { setTimeout as sleep } from "node:timers/promises";
import { StartFailure } from "./failure.ts";

/** Why a start ends that was told to stop. */
export const STOPPED = "Stopped while starting.";
/** How long a start that is to stop may take to notice. */
const MAX_NOTICE_MS = 2_000;

export interface TakeDown {
  /** `undo` is called at the end. Where that has come already it is called now, and this rejects with StartFailure. */
  onStop(undo: () => unknown): Promise<void>;
  isStopping(): boolean;
  /** Undoes all, and waits a moment for the start itself, which undoes what it was just making. The second call joins
   * the first. */
  stop(started: Promise<unknown>): Promise<void>;
}

export function openTakeDown(log: (line: string) => void): TakeDown {
  const steps: (() => unknown)[] = [];
  let stopping: Promise<void> | null = null;

  async function undoAll(): Promise<void> {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await step();
      } catch (error) {
        log(`while stopping: ${(error as Error).message}`);
      }
    }
  }

  async function takeDown(started: Promise<unknown>): Promise<void> {
    await undoAll();
    await Promise.race([started.catch(() => undefined), sleep(MAX_NOTICE_MS)]);
  }

  return {
    async onStop(undo) {
      if (stopping === null) {
        steps.push(undo);
        return;
      }
      await undo();
      throw new StartFailure(STOPPED);
    },
    isStopping: () => stopping !== null,
    stop(started) {
      stopping ??= takeDown(started);
      return stopping;
    },
  };
}
