// How long the records of a namespace are kept, and how much they are:
// shown and changed for its owner and for administrators.

import type { Namespace } from "../../entities/identity.ts";
import { beyondStandard, RETENTION_BOUNDS, RetentionPolicy, retentionOf } from "../../entities/retention.ts";
import { fail } from "../../errors.ts";
import { log } from "../../log.ts";
import { lookAt, policyOf, type RoundPorts } from "../../records/round.ts";
import { usageOf } from "../../records/usage.ts";
import type { RetentionEntry } from "../../storage/retention-book.ts";
import { actingStores } from "../author.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { bodyOf } from "../json-body.ts";
import { json } from "../reply.ts";

/** What is set is begun with at once; the rest is the cron trigger's. */
const FIRST = { steps: 10, ms: 10_000 };

export async function showRetention(c: AppContext, namespace: Namespace): Promise<Response> {
  const { book, standard } = c.get("services").retention();
  const entry = await book.get(namespace.uuid);
  const policy = await policyOf(book, namespace);
  return json(c, JSON.stringify({ namespace: namespace.name, ...textOf(entry, { policy, standard }) }));
}

/** Replaces what was set. */
export async function setRetention(c: AppContext, namespace: Namespace): Promise<Response> {
  const body = await bodyOf(c, RetentionPolicy);
  return body.ok ? change(c, namespace, body.value) : respond(c, body);
}

/** The same by its owner: no more than the deployment keeps. */
export async function setOwnRetention(c: AppContext, namespace: Namespace): Promise<Response> {
  const body = await bodyOf(c, RetentionPolicy);
  if (!body.ok) return respond(c, body);
  const { standard } = c.get("services").retention();
  const beyond = beyondStandard(body.value, standard).map((name) => `${name} ${standard[name]}`);
  if (beyond.length === 0) return change(c, namespace, body.value);
  const most = `The deployment keeps records within ${beyond.join(", ")} (DEFAULT_RETENTION)`;
  return respond(c, fail("lacks-right", `${most}: only an administrator lets a namespace keep more.`));
}

/** What the deployment says is in force. */
export function clearRetention(c: AppContext, namespace: Namespace): Promise<Response> {
  return change(c, namespace, {});
}

export async function showUsage(c: AppContext, namespace: Namespace): Promise<Response> {
  const ports = c.get("services").retention();
  try {
    const usage = await usageOf(ports, namespace);
    return json(c, JSON.stringify({ namespace: namespace.name, ...usage }));
  } catch (error) {
    log.error("records-not-counted", { namespace: namespace.name, text: String(error) });
    return respond(c, fail("storage-ailing", `a place of the records of ${namespace.name} does not answer`));
  }
}

async function change(c: AppContext, namespace: Namespace, policy: RetentionPolicy): Promise<Response> {
  const ports = c.get("services").retention();
  const { uuid, former = [] } = namespace;
  const { retention } = actingStores(c);
  await retention.set(uuid, policy);
  // What was set under an id that it had before is over.
  for (const id of former) if ((await ports.book.get(id)) !== null) await retention.set(id, {});
  c.executionCtx.waitUntil(begin(ports, uuid));
  return showRetention(c, namespace);
}

async function begin(ports: RoundPorts, namespaceId: string): Promise<void> {
  const entry = await ports.book.get(namespaceId);
  if (entry !== null) await lookAt(ports, entry, { steps: FIRST.steps, until: ports.now() + FIRST.ms });
}

/** `bounds`: what is in force, null for none, and where each comes from. `keptFrom`: what started before is gone. */
function textOf(
  entry: RetentionEntry | null,
  { policy: own, standard }: { policy: RetentionPolicy; standard: RetentionPolicy },
): object {
  const inForce = retentionOf(own, standard);
  const bounds = RETENTION_BOUNDS.map((name) => {
    const from = own[name] === undefined ? (standard[name] === undefined ? "none" : "DEFAULT_RETENTION") : "namespace";
    return [name, { value: inForce[name], from }];
  });
  return {
    bounds: Object.fromEntries(bounds),
    keptFrom: entry === null || entry.keptFrom === 0 ? null : entry.keptFrom,
    ...(entry === null ? {} : { nextLook: entry.due, fault: entry.fault }),
  };
}
