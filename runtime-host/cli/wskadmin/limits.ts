// `wskadmin limits …`, with the lines and the exit codes of OpenWhisk's.

import { LIMIT_NAMES, LimitsAnswer } from "../../../src/entities/administration.ts";
import { limitKind, truthOf } from "./grammar.ts";
import { pythonText } from "./python.ts";
import { type AdminRun, said, wordsOf } from "./user.ts";

/** Over those the namespace has. */
export async function setNamespaceLimits({ admin, given, say }: AdminRun): Promise<number> {
  const namespace = given.placed[0] ?? "";
  const limits: Record<string, unknown> = {};
  for (const name of LIMIT_NAMES) {
    const values = given.values.get(name);
    const [value = ""] = values ?? [];
    if (values === undefined) continue;
    const kind = limitKind(name);
    if (kind === "kinds") limits[name] = values;
    else if (kind === "number") limits[name] = Number(value);
    else limits[name] = kind === "boolean" ? truthOf(value) : value;
  }
  const set = await admin.ask("PATCH", pathOf(namespace), { body: limits, schema: LimitsAnswer });
  if (!set.ok) return said(say, `Failed to set limits (${wordsOf(set)})`, 1);
  return said(say, `Limits successfully set for "${namespace}"`, 0);
}

export async function getNamespaceLimits({ admin, given, say }: AdminRun): Promise<number> {
  const found = await admin.ask("GET", pathOf(given.placed[0] ?? ""), { schema: LimitsAnswer });
  if (!found.ok) return said(say, `Failed to get limits (${wordsOf(found)})`, 1);
  const { limits } = found.value;
  const own = LIMIT_NAMES.filter((name) => limits[name] !== undefined);
  for (const name of own) say(`${name} = ${pythonText(limits[name])}`);
  return own.length === 0 ? said(say, "No limits found, default system limits apply", 0) : 0;
}

export async function deleteNamespaceLimits({ admin, given, say }: AdminRun): Promise<number> {
  const gone = await admin.ask("DELETE", pathOf(given.placed[0] ?? ""), { schema: LimitsAnswer });
  return gone.ok ? said(say, "Limits deleted", 0) : said(say, `Failed to delete limits (${wordsOf(gone)})`, 1);
}

function pathOf(namespace: string): string {
  return `/namespaces/${encodeURIComponent(namespace)}/limits`;
}
