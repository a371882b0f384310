// Where the large arguments of an activation lie in the blob store, so that who does not know whether there are any can forget them.

import type { ActivationId } from "./activation-id.ts";

export function argsKey(namespaceId: string, id: ActivationId): string {
  return `args/${namespaceId}/${id}`;
}
