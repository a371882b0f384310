// Writes that others may be in the way of: a rule and its trigger are written by whoever touches either. Who loses the
// race looks again at what is there and tries once more.

import { fail, ok, type Result } from "../errors.ts";
import type { DeleteResult } from "../storage/entity-store.ts";
import type { CatalogContext } from "./context.ts";

/** What follows from what was read, and the write that makes it so. */
export interface WritePlan<T> {
  /** Null: everything is as it should be. */
  write: (() => Promise<DeleteResult>) | null;
  value: T;
}

type Ports = Pick<CatalogContext, "caller" | "pause" | "withWrite">;

/** So many writers of one trigger at once all get through: a lost race is another's win. */
const MAX_TRIES = 16;
/** ms between tries, at most, and more with each. */
const PAUSE_MS = 10;

/** `plan` reads, and says what follows; it is asked again after a lost race. What is refused costs no write. Fails with
 * `concurrent-modification` when all tries are lost. */
export async function retryOnConflict<T>(ports: Ports, plan: () => Promise<Result<WritePlan<T>>>): Promise<Result<T>> {
  const first = await plan();
  if (!first.ok) return first;
  const { write, value } = first.value;
  if (write === null) return ok(value);
  return ports.withWrite(ports.caller.namespace.name, async () => {
    let next = { write, value };
    for (let tries = 1; ; tries++) {
      if ((await next.write()).kind === "written") return ok(next.value);
      if (tries === MAX_TRIES) return fail("concurrent-modification");
      await ports.pause(Math.random() * PAUSE_MS * tries);
      const again = await plan();
      if (!again.ok) return again;
      if (again.value.write === null) return ok(again.value.value);
      next = { write: again.value.write, value: again.value.value };
    }
  });
}
