// Namespaces as whoever runs the platform sees them: all of them, whether anybody has a key to them or not.

import type { Namespace } from "../entities/identity.ts";

/** Reads what the identity store writes, by name or id and page by page. */
export interface NamespaceBook {
  byName(name: string): Promise<Namespace | null>;
  /** By the permanent id, or one under which it keeps activations from before it had that. */
  byId(id: string): Promise<Namespace | null>;
  /** Those whose names follow `after`, in their order; fewer than `limit` only where there are no more. */
  page(after: string, limit: number): Promise<Namespace[]>;
}
