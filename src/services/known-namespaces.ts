// Which namespaces there are: those of the book, and those with well-known keys where such keys open something.
// What has been called with such a key lies under its own id, and stays the namespace's when somebody is given a key
// to its name.

import { developmentNamespaces, mergedNamespace } from "../entities/development.ts";
import type { Namespace } from "../entities/identity.ts";
import type { Env, Settings } from "../env.ts";
import type { NamespaceBook } from "../storage/namespace-book.ts";
import { openNamespaceBook } from "../storage/open.ts";

/** `wellKnown`: those with well-known keys, whether the book has them or not. */
export function knownNamespaces(
  env: Pick<Env, "DB">,
  { developmentKeys }: Pick<Settings, "developmentKeys">,
): { namespaces: NamespaceBook; wellKnown: Namespace[] } {
  const wellKnown = developmentKeys ? developmentNamespaces() : [];
  return { namespaces: mergedBook(openNamespaceBook(env), wellKnown), wellKnown };
}

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
