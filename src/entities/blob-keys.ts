// Where the large arguments of an activation lie in the blob store,
// so that who does not know whether there are any can forget them.

import type { ActivationRecord } from "./activation.ts";
import type { ActivationId } from "./activation-id.ts";

export function argsKey(namespaceId: string, id: ActivationId): string {
  return `args/${namespaceId}/${id}`;
}

/** Where the result and the logs of a record lie, if not in it.
 * A sequence's result may be that of its last step: not its own. */
export function blobsOf({
  activationId,
  result,
  logs,
}: Pick<ActivationRecord, "activationId" | "result" | "logs">): string[] {
  const keys = [result, logs].flatMap((payload) => ("blob" in payload ? [payload.blob] : []));
  return keys.filter((key) => key.includes(`/${activationId}/`));
}
