// Which figures are asked for.

import { STEP_NAMES, STEPS, type Step } from "../../entities/figures.ts";
import { ok, type Result } from "../../errors.ts";
import type { FiguresQuery } from "../../protocol/figures.ts";
import { malformed, printable, type Query } from "../query.ts";
import { instantOf, nameFilterOf, reversed } from "./query.ts";

/** How far back (ms) where it is not said. */
const SPAN: Record<Step, number> = { minute: 3_600_000, hour: 24 * 3_600_000, day: 30 * 86_400_000 };

/** `now`: epoch ms. What is older than figures are kept is left out. */
export function figuresQueryOf(c: Query, now: number): Result<FiguresQuery> {
  const given = c.req.query("step") ?? "hour";
  const step = STEP_NAMES.find((each) => each === given);
  if (step === undefined) return malformed("step", `'${printable(given)}' is not one of ${STEP_NAMES.join(", ")}.`);
  const name = nameFilterOf(c.req.query("name"));
  if (!name.ok) return name;
  const until = instantOf(c, "upto");
  if (!until.ok) return until;
  const upto = Math.min(until.value ?? now, now + 86_400_000);
  const from = instantOf(c, "since");
  if (!from.ok) return from;
  const since = from.value ?? upto - SPAN[step];
  if (since > upto) return reversed(since, upto);
  const oldest = now - STEPS[step].keptMs;
  return ok({
    ...{ step, since: Math.max(since, oldest), upto },
    ...(name.value === undefined ? {} : { name: name.value }),
  });
}
