// Secret headers that no sink names: what is left when whoever set a sink was lost in the middle.

import type { SinksRpc } from "../protocol/sinks.ts";
import type { SinkSecrets } from "../storage/sink-secrets.ts";

/** ms for which a sink may be on its way that names them. */
export const SINK_SECRET_GRACE_MS = 3_600_000;
/** Namespaces of one turn: each may wake an object. */
const MAX_LOOKED = 3;

/** One turn, from anywhere: `place` is a part of an id drawn at random, so that each namespace has its turn by and by.
 * What is named when its object is asked stays; nobody begins to name a secret that is old. */
export async function sweepSinkSecrets(
  secrets: Pick<SinkSecrets, "keptBefore" | "forget">,
  { of, now, place }: { of(namespaceId: string): Pick<SinksRpc, "views">; now: number; place: string },
): Promise<void> {
  const before = now - SINK_SECRET_GRACE_MS;
  const behind = await secrets.keptBefore(before, { after: place, namespaces: MAX_LOOKED });
  const found = behind.length > 0 ? behind : await secrets.keptBefore(before, { after: "", namespaces: MAX_LOOKED });
  for (const { namespaceId, ids } of found) {
    const views = await of(namespaceId).views();
    const named = new Set(views.map(({ settings }) => settings.secret));
    for (const id of ids) if (!named.has(id)) await secrets.forget(namespaceId, id);
  }
}
