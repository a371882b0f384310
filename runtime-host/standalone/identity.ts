// Which key the first user of this machine gets: the well-known one on loopback, else one made for this installation.

import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AdminClient } from "../client/admin-client.ts";
import { retry } from "../client/retry.ts";
import { StartFailure } from "./failure.ts";
import type { State } from "./state.ts";

/** Upstream's development key of the namespace `guest`; the Worker honours it only where DEVELOPMENT_KEYS says so. */
export const GUEST_KEY =
  "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

/** Longest wait for one answer (ms). */
const MAX_WAIT_MS = 30_000;

export interface FirstUser {
  key: string;
  /** How the key is shown: as it is, or as the file that holds it after it was printed once. */
  shown: { text: string } | { file: string };
}

export async function firstUser(options: {
  url: string;
  wellKnown: boolean;
  state: State;
  admin: Pick<AdminClient, "createIdentity">;
}): Promise<FirstUser> {
  if (options.wellKnown) return { key: GUEST_KEY, shown: { text: GUEST_KEY } };
  const { state, admin } = options;
  const file = join(state.folder, "guest.key");
  const known = state.secrets.guestKey;
  if (known !== undefined && existsSync(file)) return { key: known, shown: { file } };
  // Kept before it is made: a start that dies in between finds it again.
  const key = known ?? newKey();
  if (known === undefined) state.save({ guestKey: key });
  const made = await retry(() => admin.createIdentity("guest", { key }));
  if (!made.ok && !(made.status === 409 && (await opens(options.url, key)))) {
    throw new StartFailure(`No namespace key could be made: ${made.reason}.`);
  }
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return { key, shown: { text: key } };
}

/** `uuid:secret`, the secret of 64 characters. */
export function newKey(): string {
  return `${randomUUID()}:${randomBytes(32).toString("hex")}`;
}

async function opens(url: string, key: string): Promise<boolean> {
  const headers = { authorization: `Basic ${Buffer.from(key).toString("base64")}` };
  const answer = await fetch(`${url}/api/v1/namespaces`, { headers, signal: AbortSignal.timeout(MAX_WAIT_MS) });
  await answer.body?.cancel();
  return answer.ok;
}
