// What questions about the records of namespaces ask of the world, put together of stores and settings.

import { idsOf, type Namespace } from "../entities/identity.ts";
import { type RetentionPolicy, retentionOf } from "../entities/retention.ts";
import type { MasterSecret } from "../entities/sealing.ts";
import type { Env, Settings } from "../env.ts";
import { allowedIn } from "../outbound/open.ts";
import { urlFault } from "../outbound/outbound.ts";
import type { ForwardingPorts } from "../records/forwarding.ts";
import type { LocatePorts } from "../records/locate.ts";
import { openRecordHooks, openRetentionBook } from "../storage/open.ts";

/** Of a secret that is made for somebody. */
const SECRET_BYTES = 32;

type Known = Pick<LocatePorts, "namespaces" | "wellKnown">;

/** How long records are kept, by a permanent or former id. `standard`: where nothing is set. */
export function retentionIn(
  env: Pick<Env, "DB">,
  { namespaces, wellKnown, standard }: Known & { standard: RetentionPolicy },
): LocatePorts["retention"] {
  return async (id) => {
    const known = wellKnown.find((each) => idsOf(each).includes(id)) ?? (await namespaces.byId(id));
    const entry = await openRetentionBook(env).get(known?.uuid ?? id);
    return retentionOf(entry?.policy ?? {}, standard);
  };
}

/** `own`: hosts that are ourselves. */
export function forwardingPorts(
  env: Pick<Env, "DB">,
  options: Known & {
    settings: Settings;
    masterSecret: MasterSecret;
    stores(namespace: Namespace): ReturnType<ForwardingPorts["stores"]>;
    own: readonly string[];
  },
): ForwardingPorts {
  const { namespaces, wellKnown, settings, masterSecret, stores, own } = options;
  const { shards, outboundAllow } = settings;
  return {
    ...{ namespaces, wellKnown, shards, stores, book: openRecordHooks(env, masterSecret) },
    urlFault: (url) => urlFault(url, { own, allowed: allowedIn(outboundAllow) }),
    newSecret: () => `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))))}`,
    now: () => Date.now(),
  };
}
