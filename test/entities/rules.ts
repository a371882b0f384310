// Rules as tests make them.

import { parseRulePut, type RulePut } from "../../src/entities/rule-put.ts";

/** Throws what a body is refused with. */
export function put(body: unknown): RulePut {
  const parsed = parseRulePut(JSON.stringify(body), { own: "me" });
  if (!parsed.ok) throw new Error(parsed.text);
  return parsed.value;
}

export const HEAD = { path: "me", name: "r", updated: 7, revision: "r1", writtenWith: "use" as const };
export const ENDS = { trigger: { path: "me", name: "t" }, action: { path: "me/p", name: "a" } };
