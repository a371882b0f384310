// A disk that fills and empties, played by moving the line it must keep:
// what is free on a shared machine moves by itself.

import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DiskWatch } from "../../../runtime-host/machine/disk-watch.ts";
import { illnessForCallers } from "../../../src/protocol/illness.ts";
import { noSmallDisk, smallDisk } from "../../support/small-disk.ts";
import { waitFor } from "../../support/wait-for.ts";

const MB = 1024 * 1024;
const folder = tmpdir();
const watches: DiskWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

async function open(options: { folder: string; leastMb: number; changed?: () => void }): Promise<DiskWatch> {
  const watch = await DiskWatch.open({ changed: () => {}, everyMs: 20, ...options });
  watches.push(watch);
  return watch;
}

it("says which disk is full, and how full, as soon as it is open", async () => {
  const { bavail, bsize } = statfsSync(folder);
  let changes = 0;
  const watch = await open({ folder, leastMb: Math.ceil((bavail * bsize) / MB) * 2, changed: () => changes++ });
  expect(watch.full()).toMatch(new RegExp(`^the disk of ${folder} is full: \\d+ MB are free, \\d+ must be$`));
  for (let looks = 0; looks < 5; looks++) await watch.look();
  expect(changes).toBe(1);
  // Callers hear the figures, and no folder.
  expect(illnessForCallers(watch.full() ?? "")).toMatch(/^its disk is full: \d+ MB are free, \d+ must be$/);
});

it("says nothing where there is room, where nothing is asked for, and of a folder that is not here", async () => {
  for (const each of [
    { folder, leastMb: 1 },
    { folder, leastMb: 0 },
    { folder: "/nowhere/at/all", leastMb: 1_000_000_000 },
  ])
    expect((await open(each)).full()).toBeNull();
});

describe.skipIf(noSmallDisk !== null)(`on a disk of its own ${noSmallDisk ?? ""}`, () => {
  it("says that it is full, or read-only, and that it is not any more", async () => {
    const disk = smallDisk(8);
    try {
      const changed = vi.fn();
      const watch = await open({ folder: disk.folder, leastMb: 4, changed });
      expect(watch.full()).toBeNull();
      disk.fill();
      await waitFor(() => expect(watch.full()).toContain("is full: 0 MB are free, 4 must be"));
      disk.empty();
      await waitFor(() => expect(watch.full()).toBeNull());
      disk.readOnly(true);
      await waitFor(() => expect(watch.full()).toBe(`the disk of ${disk.folder} is read-only`));
      expect(illnessForCallers(watch.full() ?? "")).toBe("its disk is read-only");
      disk.readOnly(false);
      await waitFor(() => expect(watch.full()).toBeNull());
      expect(changed).toHaveBeenCalledTimes(4);
      const unwatched = await open({ folder: disk.folder, leastMb: 0 });
      disk.fill();
      disk.readOnly(true);
      await waitFor(() => expect(unwatched.full()).toContain("is read-only"));
    } finally {
      disk.remove();
    }
  });
});
