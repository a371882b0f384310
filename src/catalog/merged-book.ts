// Namespaces where keys are well known: what has been called with such a key lies under its own id, and
// stays the namespace's when somebody is given a key to the same name.

import { mergedNamespace } from "../entities/development.ts";
import type { Namespace } from "../entities/identity.ts";
import type { NamespaceBook } from "../storage/namespace-book.ts";

/** `wellKnown`: those with such keys; empty where they open nothing. */
export function mergedBook(book: NamespaceBook, wellKnown: readonly Namespace[]): NamespaceBook {
  const merged = (stored: Namespace): Namespace => {
    const known = wellKnown.find(({ name }) => name === stored.name);
    return known === undefined ? stored : mergedNamespace(stored, known);
  };
  const byName = async (name: string): Promise<Namespace | null> => {
    const stored = await book.byName(name);
    return stored === null ? null : merged(stored);
  };
  return {
    byName,
    async byId(id) {
      const stored = await book.byId(id);
      if (stored !== null) return merged(stored);
      const known = wellKnown.find(({ uuid }) => uuid === id);
      return known === undefined ? null : byName(known.name);
    },
    page: async (after, limit) => (await book.page(after, limit)).map(merged),
  };
}
