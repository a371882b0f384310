// What this Worker goes by: each variable, secret and binding, what it is, where that comes from, and what it is where
// nothing is set.

import { type Env, Variables } from "../env.ts";

/** A setting as an administrator sees it. */
export interface EffectiveSetting {
  name: string;
  kind: "variable" | "secret" | "binding";
  /** What counts; of a secret and a binding only whether it is there; null: nothing. */
  value: string | null;
  /** "set": in wrangler.toml, as a secret, or by --var. */
  from: "set" | "default" | "absent";
  /** What it is where nothing is set; null: nothing, or it must be set. */
  default: string | null;
}

const SECRET = /SECRET|TOKEN|PASSWORD|CREDENTIAL|KEY$/;
/** Characters of a value that are shown. */
const MAX_SHOWN = 2_000;

/** By name. No value of a secret is in it, and none of what is not ours. */
export function configurationOf(env: Env): EffectiveSetting[] {
  const records = Object.keys(env).filter((name) => /^RECORDS_\d+$/.test(name));
  const names = new Set([...Object.keys(Variables.shape), ...records]);
  return [...names].sort().map((name) => settingOf(name, env[name as keyof Env]));
}

function settingOf(name: string, given: unknown): EffectiveSetting {
  const isSet = given !== undefined && given !== "";
  const from = isSet ? "set" : "absent";
  if (SECRET.test(name)) return { name, kind: "secret", value: isSet ? "(hidden)" : null, from, default: null };
  const isText = typeof given === "string" || typeof given === "number";
  const standard = defaultOf(name);
  if (isSet && !isText) return { name, kind: "binding", value: "(bound)", from, default: null };
  if (isSet) return { name, kind: "variable", value: String(given).slice(0, MAX_SHOWN), from, default: standard.text };
  if (standard.kind === "needed") return { name, kind: "binding", value: null, from, default: null };
  return {
    ...{ name, kind: "variable", value: standard.text, default: standard.text },
    from: standard.text === null ? "absent" : "default",
  };
}

/** What the schema makes of nothing. */
function defaultOf(name: string): { kind: "needed" | "may be absent"; text: string | null } {
  const schema = Variables.shape[name as keyof typeof Variables.shape];
  const parsed = schema?.safeParse(undefined);
  if (parsed === undefined) return { kind: "may be absent", text: null };
  if (!parsed.success) return { kind: "needed", text: null };
  const { data } = parsed;
  if (data === undefined || data === null) return { kind: "may be absent", text: null };
  return { kind: "may be absent", text: typeof data === "object" ? JSON.stringify(data) : String(data) };
}
