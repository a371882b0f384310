// Which platform a command speaks to, and with which key: from flags, then variables, then what `wsk` has stored, then
// the platform that runs from the state folder. Pure: what stands where is given.

import { originOf } from "../../program/origin.ts";
import type { RunningPlatform } from "../../standalone/running.ts";
import { type CommandFailure, misused } from "./exit-codes.ts";
import type { WskProperties } from "./wsk-properties.ts";

export interface Sources {
  readonly flags: { readonly url?: string | undefined; readonly auth?: string | undefined };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly wsk: WskProperties;
  /** What runs from the state folder, and whether a flag has named that folder: then it counts as a flag. */
  readonly running: RunningPlatform | null;
  readonly stateNamed: boolean;
}

export interface Setting {
  readonly value: string;
  /** "--url", "EDGEWHISK_URL", "~/.wskprops" or "the state folder". */
  readonly from: string;
}

/** The first that is not empty counts. */
export const SETTING_VARIABLES = {
  url: ["EDGEWHISK_URL", "APIHOST"],
  key: ["EDGEWHISK_AUTH", "AUTH"],
  adminToken: ["EDGEWHISK_ADMIN_TOKEN", "ADMIN_TOKEN"],
} as const;

const STATE = "the state folder";
const STORE = 'or use "wsk property set --apihost … --auth …" once';

/** The platform's origin. */
export function urlSetting(sources: Sources): Setting | CommandFailure {
  const { flags, env, wsk, running, stateNamed } = sources;
  const here = setting(running?.url, STATE);
  const found =
    setting(flags.url, "--url") ??
    (stateNamed ? here : null) ??
    fromVariables(env, SETTING_VARIABLES.url) ??
    setting(wsk.apihost, wsk.file) ??
    here;
  if (found === null) {
    return misused(`which platform? Set EDGEWHISK_URL (http://… or https://…) or give --url, ${STORE}`);
  }
  const origin = originOf(found.value);
  if (origin === null) {
    return misused(`${shown(found)}: expected the platform's origin, http://… or https://…`);
  }
  return { ...found, value: origin };
}

/** A namespace's key for the platform at `url`. That of the state folder opens no other platform, and is sent to
 * none. */
export function keySetting(sources: Sources, url: string): Setting | CommandFailure {
  const { flags, env, wsk, running, stateNamed } = sources;
  const here = running?.url === url ? setting(running.key, STATE) : null;
  const found =
    setting(flags.auth, "--auth") ??
    (stateNamed ? here : null) ??
    fromVariables(env, SETTING_VARIABLES.key) ??
    setting(wsk.auth, wsk.file) ??
    here;
  return found ?? misused(`with which key? Set EDGEWHISK_AUTH (uuid:key) or give --auth, ${STORE}`);
}

/** Null: none is set, and it may be asked for. */
export function adminTokenSetting({ env, running, stateNamed }: Sources, url: string): Setting | null {
  const here = running?.url === url ? setting(running.adminToken, STATE) : null;
  return (stateNamed ? here : null) ?? fromVariables(env, SETTING_VARIABLES.adminToken) ?? here;
}

function setting(value: string | null | undefined, from: string): Setting | null {
  return value === undefined || value === null || value === "" ? null : { value, from };
}

function fromVariables(env: Sources["env"], names: readonly string[]): Setting | null {
  const name = names.find((each) => (env[each] ?? "") !== "");
  return name === undefined ? null : setting(env[name], name);
}

/** An address may carry a password before its "@". */
function shown({ value, from }: Setting): string {
  const text = value.slice(0, 200).replace(/^([^/]*\/\/)?[^/]*@/, "$1…@");
  return `${from} ${text}`;
}
