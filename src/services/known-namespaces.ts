// Which namespaces there are: those of the book, and those with well-known keys where such keys open something.

import { mergedBook } from "../catalog/merged-book.ts";
import { developmentNamespaces } from "../entities/development.ts";
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
