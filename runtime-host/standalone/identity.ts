// Which key the first user of this machine gets: the well-known one on loopback, else one made for this installation.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AdminClient } from "../cli/admin-client.ts";
import { StartFailure } from "./failure.ts";
import type { State } from "./state.ts";

/** Upstream's development key of the namespace `guest`; the Worker honours it only where DEVELOPMENT_KEYS says so. */
export const GUEST_KEY =
  "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

export interface FirstUser {
  key: string;
  /** How the key is shown: as it is, or as the file that holds it after it was printed once. */
  shown: { text: string } | { file: string };
}

export async function firstUser(options: { wellKnown: boolean; state: State; admin: AdminClient }): Promise<FirstUser> {
  if (options.wellKnown) return { key: GUEST_KEY, shown: { text: GUEST_KEY } };
  const { state } = options;
  const file = join(state.folder, "guest.key");
  const known = state.secrets.guestKey;
  if (known !== undefined) return { key: known, shown: { file } };
  const made = await options.admin.createIdentity("guest");
  if (!made.ok) throw new StartFailure(`No namespace key could be made: ${made.reason}.`);
  const { key } = made.value;
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  state.save({ guestKey: key });
  return { key, shown: { text: key } };
}
