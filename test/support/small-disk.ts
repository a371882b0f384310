// A small file system of a test's own that can be filled, emptied and made read-only.
// Mounting one needs root and Linux.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  folder: string;
  /** Leaves so many bytes free, or none. */
  fill(left?: number): void;
  empty(): void;
  readOnly(on: boolean): void;
  remove(): void;
}

const FILLER = "filler";

/** Why no small disk can be had here, or null. */
export const noSmallDisk: string | null = (() => {
  if (process.platform !== "linux") return "small file systems are mounted on Linux only";
  try {
    smallDisk(1).remove();
    return null;
  } catch (error) {
    return `no file system can be mounted: ${(error as Error).message.split("\n").pop()}`;
  }
})();

/** `megabytes`: its size. */
export function smallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "small-disk-"));
  try {
    run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m,mode=700`, "tmpfs", folder);
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  const filler = join(folder, FILLER);
  return {
    folder,
    fill(left = 0) {
      rmSync(filler, { force: true });
      const { bavail, bsize } = statfsSync(folder);
      try {
        // As long as others write, too: what they leave is taken.
        writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - left)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    },
    empty: () => rmSync(filler, { force: true }),
    readOnly: (on) => run("mount", "-o", `remount,${on ? "ro" : "rw"}`, folder),
    remove() {
      // Lazily: whoever still holds a file there keeps it.
      run("umount", "-l", folder);
      rmdirSync(folder);
    },
  };
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
}
