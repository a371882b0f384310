// A disk that fills and empties, played by moving the line it must keep: what is free on a shared machine moves by itself.

import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, expect, it } from "vitest";
import { DiskWatch } from "../../runtime-host/disk-watch.ts";

const MB = 1024 * 1024;
const folder = tmpdir();
const watches: DiskWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

async function open(options: { folder: string; least: number; changed?: () => void }): Promise<DiskWatch> {
  const watch = await DiskWatch.open({ changed: () => {}, every: 20, ...options });
  watches.push(watch);
  return watch;
}

it("says which disk is full, and how full, as soon as it is open", async () => {
  const { bavail, bsize } = statfsSync(folder);
  let changes = 0;
  const watch = await open({ folder, least: Math.ceil((bavail * bsize) / MB) * 2, changed: () => changes++ });
  expect(watch.full()).toMatch(new RegExp(`^the disk of ${folder} is full: \\d+ MB are free, \\d+ must be$`));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(changes).toBe(1);
});

it("says nothing where there is room, where nothing is asked for, and of a folder that is not here", async () => {
  for (const each of [
    { folder, least: 1 },
    { folder, least: 0 },
    { folder: "/nowhere/at/all", least: 1_000_000_000 },
  ])
    expect((await open(each)).full()).toBeNull();
});
