// How a command reaches its platform: the options it shares with others, and the client that they and the surroundings
// give.

import { resolve } from "node:path";
import { type ApiClient, createApiClient } from "../../client/api-client.ts";
import { text } from "../../program/options.ts";
import { runningFrom } from "../../standalone/running.ts";
import type { Io } from "./command.ts";
import { type CommandFailure, misused } from "./exit-codes.ts";
import { adminTokenSetting, keySetting, type Sources, urlSetting } from "./settings.ts";
import { readWskProperties } from "./wsk-properties.ts";

/** Of the one-machine mode, in the current folder. */
const DEFAULT_STATE = ".edgewhisk";
export const STATE_DEFAULT = "EDGEWHISK_STATE, then .edgewhisk";

/** For commands of the administrator. */
export const ADMIN_OPTIONS = {
  url: text("URL", "origin of the platform, e.g. https://edgewhisk.example.workers.dev", {
    defaultText: "EDGEWHISK_URL, APIHOST, APIHOST of ~/.wskprops, then the platform of the state folder",
  }),
  state: text("DIR", "take platform and secrets from the state folder of a platform that runs here", {
    defaultText: STATE_DEFAULT,
  }),
};

/** For commands of whoever has a key. */
export const PLATFORM_OPTIONS = {
  ...ADMIN_OPTIONS,
  auth: text("KEY", "the namespace's key, uuid:key; other users of the machine can read arguments", {
    secret: true,
    defaultText: "EDGEWHISK_AUTH, AUTH, AUTH of ~/.wskprops, then that of the state folder",
  }),
};

export const ADMIN_NOTES =
  "The admin token comes from EDGEWHISK_ADMIN_TOKEN or ADMIN_TOKEN, from the state folder of a platform that runs here, or from\n" +
  "standard input; never from the command line, which every user of the machine can read.";

export const NO_TOKEN = "no admin token: set EDGEWHISK_ADMIN_TOKEN (or ADMIN_TOKEN), or give it on standard input";

/** For what a namespace's key opens. */
export function openApi(call: PlatformCall): { ok: true; client: ApiClient } | CommandFailure {
  const sources = sourcesOf(call);
  const url = urlSetting(sources);
  if ("ok" in url) return url;
  const key = keySetting(sources, url.value);
  if ("ok" in key) return key;
  return { ok: true, client: createApiClient(url.value, { kind: "key", key: key.value }) };
}

/** Origin and admin token. Asks for the token where nothing else tells it. */
export async function administration(
  call: PlatformCall,
): Promise<{ ok: true; url: string; token: string } | CommandFailure> {
  const sources = sourcesOf(call);
  const url = urlSetting(sources);
  if ("ok" in url) return url;
  const token = adminTokenSetting(sources, url.value)?.value ?? (await call.io.readSecret("ADMIN_TOKEN"));
  return token === "" ? misused(NO_TOKEN) : { ok: true, url: url.value, token };
}

/** The same as far as it is known without asking anybody; null: no platform is named. */
export function knownAdministration(call: PlatformCall): { url: string; token: string | null } | null {
  const sources = sourcesOf(call);
  const url = urlSetting(sources);
  if ("ok" in url) return null;
  return { url: url.value, token: adminTokenSetting(sources, url.value)?.value ?? null };
}

/** Of a call, what leads to its platform. */
interface PlatformCall {
  readonly options: {
    readonly url: string | undefined;
    readonly state: string | undefined;
    readonly auth?: string | undefined;
  };
  readonly io: Pick<Io, "env" | "readSecret">;
}

/** Absolute. */
export function stateFolderOf({
  options,
  io,
}: {
  readonly options: { readonly state: string | undefined };
  readonly io: Pick<Io, "env">;
}): string {
  return resolve(options.state ?? (io.env.EDGEWHISK_STATE || DEFAULT_STATE));
}

function sourcesOf({ options, io }: PlatformCall): Sources {
  const { url, state, auth } = options;
  const folder = stateFolderOf({ options, io });
  return {
    flags: { url, auth },
    env: io.env,
    wsk: readWskProperties(io.env),
    running: runningFrom(folder),
    stateNamed: state !== undefined,
  };
}
