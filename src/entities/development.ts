// The two well-known development keys of OpenWhisk. They are public:
// whoever accepts them must know where the caller sits.

import type { Identity, Namespace } from "./identity.ts";
import { PROOF_NAMESPACE, SYSTEM_NAMESPACE } from "./names.ts";

const SECRET = "zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

const KNOWN: readonly Identity[] = [
  known("guest", "23bc46b1-71f6-4ed5-8c54-816aa4f8c502", `123${SECRET}`),
  known("whisk.system", "789c46b1-71f6-4ed5-8c54-816aa4f8c502", `abc${SECRET}`),
];

/** The namespaces that are there though nobody was let in. Where there is another one,
 * the development keys are somebody's danger. */
export const OWN_NAMESPACES: readonly string[] = ["guest", SYSTEM_NAMESPACE, PROOF_NAMESPACE];

/** Header by which a host's forwarder tells that a request comes out of a container. */
export const FROM_CONTAINER = "x-edgewhisk-from-container";

/** The identity behind a development key's uuid, with its key; the secret is still to be compared. */
export function developmentIdentity(uuid: string): Identity | undefined {
  return KNOWN.find((each) => each.namespace.uuid === uuid);
}

export function developmentNamespace(name: string): Identity | undefined {
  return KNOWN.find((each) => each.namespace.name === name);
}

/** Those whose keys are well known. */
export function developmentNamespaces(): Namespace[] {
  return KNOWN.map((each) => each.namespace);
}

/** What was called with the well-known key while nobody else had one to its namespace lies under its own id. */
export function mergedNamespace(stored: Namespace, known: Namespace): Namespace {
  const { uuid, former = [] } = stored;
  return uuid === known.uuid || former.includes(known.uuid) ? stored : { ...stored, former: [...former, known.uuid] };
}

function known(name: string, uuid: string, secret: string): Identity {
  return {
    subject: name,
    namespace: { name, uuid },
    limits: {},
    key: `${uuid}:${secret}`,
    keyId: uuid,
    keyName: "default",
    derived: false,
  };
}
