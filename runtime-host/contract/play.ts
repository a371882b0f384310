// Plays checks one after the other, each with a subject of its own, and says how each ended.

import type { Actions } from "./actions.ts";
import type { Check } from "./checks.ts";
import { Broken, Session, type Subject } from "./session.ts";

export type CheckVerdict = { name: string; is: "kept" } | { name: string; is: "broken" | "skipped"; why: string };

const NO_CODE = { code: "", binary: false };

export async function play(
  checks: readonly Check[],
  options: { actions: Actions; start: () => Promise<Subject>; report: (verdict: CheckVerdict) => void },
): Promise<CheckVerdict[]> {
  const verdicts: CheckVerdict[] = [];
  for (const check of checks) {
    const verdict = await one(check, options);
    options.report(verdict);
    verdicts.push(verdict);
  }
  return verdicts;
}

async function one(
  check: Check,
  { actions, start }: { actions: Actions; start: () => Promise<Subject> },
): Promise<CheckVerdict> {
  const { name, need } = check;
  const code = need === undefined ? NO_CODE : actions[need];
  if (code === undefined) return { name, is: "skipped", why: `there is no action "${need}" for it` };
  let session: Session | null = null;
  try {
    session = new Session(await start());
    const why = await check.play(session, code);
    return why === undefined ? { name, is: "kept" } : { name, is: "skipped", why };
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { name, is: "broken", why: error.message };
  } finally {
    await session?.close();
  }
}
