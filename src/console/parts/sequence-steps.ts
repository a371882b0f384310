// The steps of a sequence, and of those that are sequences themselves: read as they are opened.

import type { EntityPoint } from "../../entities/names.ts";
import { type Asked, ask } from "./api.ts";
import { actionPath, pointOf } from "./entities.ts";

export interface SequenceStep {
  point: EntityPoint;
  /** Where it stands: "0", "2/1". */
  place: string;
  /** Null: no sequence, or none that can be looked at. */
  steps: SequenceStep[] | null;
  open: boolean;
}

interface ActionShown {
  exec?: { kind: string; components?: string[] };
}

/** Levels that are opened: a sequence cannot hold itself, but may hold many. */
const MAX_DEPTH = 8;
/** Steps that are looked at in one picture. */
const MAX_STEPS = 200;

/** `open`: places that are opened. What cannot be read is shown as a step. */
export async function stepsOf(
  root: EntityPoint,
  open: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Asked<SequenceStep[]>> {
  const read = reader(signal);
  const first = await read(root);
  if (!first.ok) return first;
  let left = MAX_STEPS;
  const below = async (components: readonly string[], place: string, depth: number): Promise<SequenceStep[]> => {
    const shown = components.slice(0, left);
    left -= shown.length;
    return Promise.all(
      shown.map(async (component, at): Promise<SequenceStep> => {
        const here = place === "" ? String(at) : `${place}/${at}`;
        const step = { point: pointOf(component), place: here };
        const answer = await read(step.point);
        const inner = answer.ok ? answer.value.exec?.components : undefined;
        if (inner === undefined) return { ...step, steps: null, open: false };
        const isOpen = open.has(here) && depth < MAX_DEPTH;
        return { ...step, steps: isOpen ? await below(inner, here, depth + 1) : [], open: isOpen };
      }),
    );
  };
  return { ok: true, value: await below(first.value.exec?.components ?? [], "", 1), headers: first.headers };
}

/** Each action once. */
function reader(signal: AbortSignal): (point: EntityPoint) => Promise<Asked<ActionShown>> {
  const known = new Map<string, Promise<Asked<ActionShown>>>();
  return (point) => {
    const path = actionPath(point);
    const asked = known.get(path) ?? ask<ActionShown>(path, { query: { code: false }, signal });
    known.set(path, asked);
    return asked;
  };
}
