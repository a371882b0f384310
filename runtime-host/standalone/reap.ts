// Run by the reaper's shell. When a start has died: ends its tree, then removes its containers. When it has ended in
// order and left containers to remove: does that. Arguments: state folder, owner; of leftovers the host's name and its
// runs.

import { removeContainersOf } from "../engine/docker/leftovers.ts";
import type { Owner } from "../machine/state-lock.ts";
import { readFamily } from "./process-registry.ts";
import { sweepAfter } from "./sweep.ts";

/** ms in which what was left at an orderly end is gone, or stays for the next start. */
const MAX_LEFTOVERS_MS = 55_000;

const [folder = "", text = "{}", leftOf, ...boots] = process.argv.slice(2);
if (leftOf !== undefined) await removeContainersOf(leftOf, { boots, longestMs: MAX_LEFTOVERS_MS });
else {
  const owner = JSON.parse(text) as Owner;
  await sweepAfter(folder, owner);
  const host = readFamily(folder, owner)?.containersOf ?? null;
  if (host !== null) await removeContainersOf(host);
}
