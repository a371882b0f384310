// What a request adds to the metrics: that it was answered, and that what it deleted is gone.

import type { AppContext } from "./context.ts";
import { namespaceOf } from "./namespace.ts";

/** To be called once for each request, when its answer is known. */
export function countAnswer(c: AppContext, { status, ms }: { status: number; ms: number }): void {
  c.get("services").counted.answered({ method: c.req.raw.method, status, ms }, laterOf(c));
}

/** The series of the action in the path go with it. `response`: what is answered. */
export function countDeletion(c: AppContext, response: Response): Response {
  const { package: bundle, name = "" } = c.req.param();
  const action = bundle === undefined ? name : `${bundle}/${name}`;
  c.get("services").counted.gone({ namespace: namespaceOf(c), action }, laterOf(c));
  return response;
}

function laterOf(c: AppContext): (work: Promise<unknown>) => void {
  return (work) => c.executionCtx.waitUntil(work);
}
