// What questions about the records of namespaces ask of the world, put together of stores and settings.

import { idsOf, type Namespace } from "../entities/identity.ts";
import { type RetentionPolicy, retentionOf } from "../entities/retention.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import type { Env, RecordsBinding, Settings } from "../env.ts";
import { log } from "../log.ts";
import { allowedIn } from "../outbound/open.ts";
import { urlFault } from "../outbound/outbound.ts";
import type { Forwarded, ForwardRpc } from "../protocol/forwarding.ts";
import type { ForwardingPorts } from "../records/forwarding.ts";
import type { LocatePorts } from "../records/locate.ts";
import { policyOf, type RoundPorts } from "../records/round.ts";
import type { SweepPorts } from "../records/unowned-blobs.ts";
import { openEventHooks, openRecordHooks, openRecordUpkeep, openRetentionBook, openSweep } from "../storage/open.ts";

/** Of a secret that is made for somebody. */
const SECRET_BYTES = 32;

type Known = Pick<LocatePorts, "namespaces" | "wellKnown">;

/** How long records are kept, by a permanent or former id. `standard`: where nothing is set. */
export function retentionIn(
  env: Pick<Env, "DB">,
  { namespaces, wellKnown, standard }: Known & { standard: RetentionPolicy },
): LocatePorts["retention"] {
  return async (id) => {
    const known = (await namespaces.byId(id)) ?? wellKnown.find((each) => idsOf(each).includes(id));
    return retentionOf(await policyOf(openRetentionBook(env), known ?? { uuid: id }), standard);
  };
}

/** What it takes to see how much the records of namespaces are, and to drop what is not to be kept. */
export function retentionPorts(
  env: Pick<Env, "DB" | RecordsBinding>,
  { namespaces, wellKnown, segments }: LocatePorts,
  parts: Pick<RoundPorts, "standard" | "stores" | "discard">,
): RoundPorts {
  const tables = openRecordUpkeep(env);
  return {
    ...{ namespaces, wellKnown, segments, book: openRetentionBook(env), ...parts },
    table: ({ records = 0 }) => {
      const table = tables.find((each) => each.binding === `RECORDS_${records}`);
      if (table === undefined) throw new Error(`the database of records RECORDS_${records} is not bound`);
      return table;
    },
    now: () => Date.now(),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    warn: (text) => log.warn("records", { text }),
  };
}

/** What it takes to sweep blobs that nobody owns. */
export function sweepPorts(
  env: Pick<Env, "DB" | "BLOBS">,
  { namespaces, wellKnown, tables }: LocatePorts,
  parts: Pick<SweepPorts, "store" | "composition" | "discard" | "backupRuns">,
): SweepPorts {
  return { ...openSweep(env), ...{ namespaces, wellKnown, tables }, ...parts, now: () => Date.now() };
}

/** `own`: hosts that are ourselves. */
export function forwardingPorts(
  env: Pick<Env, "DB">,
  options: Known & {
    settings: Settings;
    masterSecret: MasterSecret;
    stores(namespace: Namespace): readonly ForwardRpc[];
    own: readonly string[];
    what: Forwarded;
  },
): ForwardingPorts {
  const { namespaces, wellKnown, settings, masterSecret, own, what } = options;
  const { shards, outboundAllow } = settings;
  return {
    ...{ namespaces, wellKnown, shards },
    book: (what === "records" ? openRecordHooks : openEventHooks)(env, masterSecret),
    stores: (namespace) =>
      options.stores(namespace).map((store) => ({
        forward: (order) => store.forward(order, what),
        forwarding: () => store.forwarding(what),
      })),
    urlFault: (url) => urlFault(url, { own, allowed: allowedIn(outboundAllow) }),
    newSecret: () => `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))))}`,
    now: () => Date.now(),
  };
}
