// First part of a start: the state folder is ours, what a dead start has left is ended, and whatever we start will not
// outlive us.

import { join } from "node:path";
import { MIGRATIONS, refuseNewerState } from "./migrations.ts";
import { openProcessRegistry, type ProcessRegistry } from "./process-registry.ts";
import { type Reaper, startReaper } from "./reaper.ts";
import type { Start } from "./start.ts";
import { openState, type State } from "./state.ts";
import { awaitReaper, sweepAfter, sweepChildren } from "./sweep.ts";

export interface Claim {
  state: State;
  reaper: Reaper;
  family: ProcessRegistry;
  /** All is up: from now on each change of our children is told. */
  settled(): void;
}

/** How often the children are written down while they come and go. */
const NOTING_MS = 250;

/** Throws StartFailure where the folder cannot be used. */
export async function claimState({ config, root, log, onStop }: Start): Promise<Claim> {
  const state = openState(config.state);
  await onStop(state.release);
  refuseNewerState(state.folder, join(root, MIGRATIONS));
  if (state.previous !== null) {
    await awaitReaper(state.folder, state.previous);
    const ended = await sweepAfter(state.folder, state.previous);
    if (ended > 0) log(`ended ${ended} processes of an earlier start that was killed`);
  }
  const reaper = startReaper(state.folder, { owner: state.owner, onStart: () => family.note(), log });
  await onStop(reaper.dismiss);
  await onStop(() => void sweepChildren(reaper.pid()));
  const family = openProcessRegistry(state.folder, { owner: state.owner, reaperPid: reaper.pid });
  const noting = setInterval(family.note, NOTING_MS);
  await onStop(() => clearInterval(noting));
  return {
    state,
    reaper,
    family,
    settled() {
      clearInterval(noting);
      family.note();
    },
  };
}
