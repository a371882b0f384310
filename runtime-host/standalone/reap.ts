// Run by the reaper's shell when a start has died: ends its tree, then removes its containers. Arguments: state folder, owner.

import { removeContainersOf } from "../engine/docker-leftovers.ts";
import { readFamily } from "./family.ts";
import type { Owner } from "./state-lock.ts";
import { sweepAfter } from "./sweep.ts";

const [folder = "", text = "{}"] = process.argv.slice(2);
const owner = JSON.parse(text) as Owner;
await sweepAfter(folder, owner);
const host = readFamily(folder, owner)?.containersOf ?? null;
if (host !== null) await removeContainersOf(host);
