// Lists of entities as they are answered: long items flow through from the blob store.

import type { EntityPage } from "../catalog/list.ts";
import { withContents } from "../catalog/package-contents.ts";
import type { ShownPackage } from "../catalog/packages.ts";
import { showPackage } from "../entities/package.ts";
import type { AppContext } from "./context.ts";
import { bodyOf, type Piece, textStreamOf } from "./pieces.ts";
import { json } from "./reply.ts";

/** `collection`: what the answer to `count` calls it. */
export function listing(c: AppContext, collection: string, listed: EntityPage): Response {
  if (listed.kind === "count") return json(c, JSON.stringify({ [collection]: listed.count }));
  const pieces = listed.items.flatMap(({ summary }, at): Piece[] => [
    at === 0 ? "" : ",",
    "inline" in summary ? summary.inline : { blob: summary.blob, size: 0 },
  ]);
  return json(c, bodyOf(["[", ...pieces, "]"], c.get("services").stores.blobs));
}

/** A package with the actions and feeds in it. */
export async function packageListing(c: AppContext, { bundle, path }: ShownPackage): Promise<Response> {
  const text = await withContents(showPackage(bundle), { path, stores: c.get("services").stores });
  return json(c, typeof text === "string" ? text : textStreamOf(text));
}
