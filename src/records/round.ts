// The round of the cron trigger over all namespaces: whose records are looked at now, and when again.
// A bounded piece each minute.

import { idsOf, type Namespace } from "../entities/identity.ts";
import { isBounded, type RetentionPolicy, retentionOf } from "../entities/retention.ts";
import type { NamespaceBook } from "../storage/namespace-book.ts";
import type { RetentionBook, RetentionEntry } from "../storage/retention-book.ts";
import { type Budget, enforce, type RetentionPorts } from "./retention.ts";

export interface RoundPorts extends RetentionPorts {
  book: RetentionBook;
  namespaces: Pick<NamespaceBook, "byId" | "page">;
  /** Namespaces that are there though the book may not have them. */
  wellKnown: readonly Namespace[];
  /** What is in force where nothing is set. */
  standard: RetentionPolicy;
  warn(text: string): void;
}

/** Namespaces looked at in one round, and rows' steps in all of them. */
const MAX_LOOKED = 50;
const MAX_STEPS = 100;
const ROUND_MS = 25_000;
/** Namespaces that get an entry in one round, where there is a default. */
const MAX_ENROLLED = 200;
/** ms until one is looked at again, and after a failure. */
const LOOK_AGAIN_MS = 300_000;
const RETRY_MS = 60_000;
const MAX_FAULT = 300;

/** A namespace that fails is noted and looked at later; the others have their turn.
 * Rejects only if the book does not answer. */
export async function retentionRound(ports: RoundPorts): Promise<void> {
  const budget = { steps: MAX_STEPS, until: ports.now() + ROUND_MS };
  if (isBounded(ports.standard)) await enroll(ports);
  for (const entry of await ports.book.due(ports.now(), MAX_LOOKED)) {
    if (budget.steps <= 0 || ports.now() >= budget.until) return;
    await lookAt(ports, entry, budget);
  }
}

/** One namespace now, as far as the budget goes. */
export async function lookAt(ports: RoundPorts, entry: RetentionEntry, budget: Budget): Promise<void> {
  const { namespaceId, keptFrom } = entry;
  const note = (change: Pick<RetentionEntry, "keptFrom" | "due" | "fault">) => ports.book.note(namespaceId, change);
  try {
    const namespace = await namespaceOf(ports, namespaceId);
    const retention = retentionOf(await policyOf(ports.book, namespace), ports.standard);
    // Nobody drops anything here, and nobody ever has.
    if (!isBounded(retention) && keptFrom === 0) {
      await note({ keptFrom, due: ports.now() + LOOK_AGAIN_MS, fault: null });
      return;
    }
    const done = await enforce(ports, { namespace, retention, keptFrom }, budget);
    const due = done.more ? ports.now() : ports.now() + LOOK_AGAIN_MS;
    await note({ keptFrom: done.keptFrom, due, fault: null });
  } catch (error) {
    const fault = String(error).slice(0, MAX_FAULT);
    ports.warn(`records of namespace ${namespaceId} that are not to be kept were not dropped: ${fault}`);
    await note({ keptFrom, due: ports.now() + RETRY_MS, fault });
  }
}

/** What is set for a namespace: also what was set under an id that it had before. */
export async function policyOf(
  book: Pick<RetentionBook, "get">,
  namespace: Pick<Namespace, "uuid" | "former">,
): Promise<RetentionPolicy> {
  for (const id of idsOf(namespace)) {
    const { policy = {} } = (await book.get(id)) ?? {};
    if (Object.keys(policy).length > 0) return policy;
  }
  return {};
}

async function enroll({ book, namespaces, wellKnown }: RoundPorts): Promise<void> {
  const mark = await book.reached();
  const page = await namespaces.page(mark, MAX_ENROLLED);
  const known = mark === "" ? wellKnown : [];
  await book.enroll([...page, ...known].map((each) => each.uuid));
  const next = page.length < MAX_ENROLLED ? "" : (page.at(-1)?.name ?? "");
  if (next !== mark) await book.setReached(next);
}

/** One that is gone from the book still has records under its id. */
async function namespaceOf({ namespaces, wellKnown }: RoundPorts, id: string): Promise<Namespace> {
  const known = wellKnown.find((each) => idsOf(each).includes(id));
  return (await namespaces.byId(id)) ?? known ?? { name: "", uuid: id };
}
