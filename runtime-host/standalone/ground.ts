// Second part of a start: what has to be so before anything is served. The port is free, an engine is chosen, the disk
// is well, and the databases are whole.

import type { Claim } from "./claim.ts";
import { type ChosenEngine, chooseEngine } from "./engine-choice.ts";
import { StartFailure } from "./failure.ts";
import { openDockerSetup } from "./images.ts";
import { type Machine, openMachine } from "./machine.ts";
import { assertFree } from "./port.ts";
import type { Start } from "./start.ts";
import { checkState } from "./state-check.ts";

/** How long a dead start's port may stay taken. */
const MAX_PORT_WAIT_MS = 15_000;
const NO_ISOLATION =
  "THE PROCESS ENGINE ISOLATES NOTHING: actions run with this user's rights and can read and change what this user can.";

/** Throws StartFailure with what is not so. */
export async function prepareGround(
  { config, log, onStop }: Start,
  { state, family }: Claim,
): Promise<{ engine: ChosenEngine; machine: Machine }> {
  const checked = checkState(state.folder, { salvage: config.salvage });
  // Looked at below, when what goes on meanwhile is done.
  checked.catch(() => undefined);
  const patience = state.previous === null ? 0 : MAX_PORT_WAIT_MS;
  await assertFree(config, patience);
  if (config.console?.fixed)
    await assertFree({ host: config.host, port: config.console.port }, patience, "--console-port");
  const engine = await chooseEngine(config, { openDocker: async () => openDockerSetup(process.env), log });
  log(`engine ${engine.name}: ${engine.why}`);
  if (engine.name === "process") log(NO_ISOLATION);
  else family.hasContainers(state.secrets.hostName);

  const machine = await openMachine(state.folder, log);
  await onStop(machine.close);
  const fault = machine.fault();
  if (fault !== null) throw new StartFailure(`${capital(fault)}: make room, or choose another folder with --state.`);
  for (const line of await checked) log(line);
  return { engine, machine };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
