// The state folder: made 0700, locked, and holding what identifies this installation: secrets and a name, made once
// (0600).

import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { Place, placeOf, samePlace } from "../machine/place.ts";
import { lockState, type Owner } from "../machine/state-lock.ts";
import { StartFailure } from "./failure.ts";

/** Names of hosts that a state folder has given itself. */
export const LOCAL_HOST = /^local-[0-9a-f]{8}$/;

const Secrets = z.object({
  /** Opens the admin API. */
  adminToken: z.string().min(32),
  /** Keys for identity look-up, sealing and credentials are derived from it. */
  masterSecret: z.string().min(32),
  /** The one of before, while it is being changed: put here by hand, taken away when `edgewhisk reseal` says so. */
  masterSecretPrevious: z.string().optional(),
  /** The local runtime host's name. Its own for each state folder: hosts remove the containers that carry their name.
   * The local runtime host's name. Its own for each state folder: hosts remove the containers that carry their name. */
  hostName: z.string().regex(LOCAL_HOST),
  /** Namespace key of an installation that does not honour the well-known ones. */
  guestKey: z.string().optional(),
  /** Key of the namespace in which the platform proves itself. */
  proofKey: z.string().optional(),
  /** The folder this was made for. */
  place: Place.optional(),
});
export type Secrets = z.infer<typeof Secrets>;

export interface State {
  folder: string;
  secrets: Secrets;
  /** This process, as it holds the folder. */
  owner: Owner;
  /** Owner that died without releasing the folder: its processes may still be ending. */
  previous: Owner | null;
  save(changes: Partial<Secrets>): void;
  release(): void;
}

const LOST_SECRETS =
  "and without its secrets no key and no locked parameter can be opened: restore it from a copy, or start afresh with " +
  "another --state folder.";

/** Throws StartFailure if the folder cannot be used. */
export function openState(folder: string): State {
  const path = join(folder, "secrets.json");
  let lock: ReturnType<typeof lockState>;
  try {
    makeFolder(folder);
    chmodSync(folder, 0o700);
    lock = lockState(folder);
  } catch (error) {
    throw new StartFailure(unwritable(folder, error));
  }
  if (lock.kind === "locked") {
    throw new StartFailure(
      `The state folder ${folder} is in use by process ${lock.owner.pid}: stop that one, or choose another with --state.`,
    );
  }
  const state: State = {
    folder,
    secrets: { adminToken: "", masterSecret: "", hostName: "" },
    owner: lock.owner,
    previous: lock.previous,
    release: lock.release,
    save(changes) {
      state.secrets = { ...state.secrets, ...changes };
      // A crash in the middle must not lose the master secret: everything sealed with it would be lost, too.
      writeFileSync(`${path}.new`, `${JSON.stringify(state.secrets, null, 2)}\n`, { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    },
  };
  try {
    const found = secretsOf(folder);
    // New ones would open nothing of what is there, and stand in the way of the right ones.
    if (found === null && existsSync(join(folder, "v3/d1")))
      throw new StartFailure(`${path} is missing, ${LOST_SECRETS}`);
    const place = placeOf(folder);
    if (found === null) state.save({ adminToken: token(), masterSecret: token(), hostName: newHostName(), place });
    else {
      state.secrets = found;
      if (found.place === undefined) state.save({ place });
      // A copy: the containers that carry the name are the original's.
      else if (!samePlace(found.place, place)) state.save({ place, hostName: newHostName() });
    }
  } catch (error) {
    lock.release();
    throw error instanceof StartFailure ? error : new StartFailure(unwritable(folder, error));
  }
  return state;
}

function newHostName(): string {
  return `local-${randomBytes(4).toString("hex")}`;
}

/** Not mkdir's own recursion: it never returns where a file system such as /proc answers ENOENT. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Null where there are none. Throws StartFailure where they are damaged. */
export function secretsOf(folder: string): Secrets | null {
  const path = join(folder, "secrets.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    return Secrets.parse(JSON.parse(text));
  } catch {
    throw new StartFailure(`${path} is damaged, ${LOST_SECRETS}`);
  }
}

function token(): string {
  return randomBytes(32).toString("base64url");
}

/** Of no room on its disk, or within the user's quota of it. */
const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/** Why the start ends, and the way out. */
export function unwritable(folder: string, error: unknown): string {
  const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  const way = NO_ROOM.has(reason) ? "free some space on its disk, or choose another" : "choose another";
  return `The state folder ${folder} cannot be written (${reason}): ${way} with --state.`;
}
