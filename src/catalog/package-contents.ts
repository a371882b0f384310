// What a package contains, as GET of the package shows it: its actions, and apart from them its feeds. A package may
// hold any number: beyond one page they flow through.

import { parameterValue, parseParameters } from "../entities/parameters.ts";
import { membersOf, objectOf, type RawJson } from "../entities/raw-json.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import type { EntityStore, ListedEntity } from "../storage/entity-store.ts";

const PAGE = 200;

interface Stores {
  entities: Pick<EntityStore, "list">;
  blobs: Pick<BlobStore, "text">;
}

/** `text`: of the package's own fields, the text of an object; `path`: of what provides the actions. Whole where one
 * page holds all of it, else in parts, each made when it is asked for. */
export async function withContents(
  text: RawJson,
  { path, stores }: { path: string; stores: Stores },
): Promise<string | AsyncGenerator<string>> {
  const query = { path, type: "action" as const, deep: false, limit: PAGE };
  const first = await stores.entities.list({ ...query, skip: 0 });
  const pages = async function* () {
    for (let page = first, skip = 0; ; page = await stores.entities.list({ ...query, skip })) {
      yield page;
      if (page.length < PAGE) return;
      skip += PAGE;
    }
  };
  const parts = sections(text, { pages, stores });
  if (first.length === PAGE || first.some(({ summary }) => "blob" in summary)) return parts;
  let whole = "";
  for await (const part of parts) whole += part;
  return whole;
}

type Pages = () => AsyncGenerator<ListedEntity[]>;

async function* sections(text: RawJson, from: { pages: Pages; stores: Stores }): AsyncGenerator<string> {
  yield `${text.slice(0, -1)},"actions":[`;
  const feeds = yield* section(from, { feeds: false });
  yield '],"feeds":[';
  if (feeds) yield* section(from, { feeds: true });
  yield "]}";
}

/** Returns whether there were others than those wanted. */
async function* section(
  { pages, stores }: { pages: Pages; stores: Stores },
  wanted: { feeds: boolean },
): AsyncGenerator<string, boolean> {
  let first = true;
  let others = false;
  for await (const page of pages()) {
    for (const { summary } of page) {
      const text = "inline" in summary ? summary.inline : await stores.blobs.text(summary.blob);
      // Its blob is gone: it was deleted meanwhile.
      if (text === null) continue;
      const { item, feed } = itemOf(text);
      if (feed !== wanted.feeds) others = true;
      else {
        yield first ? item : `,${item}`;
        first = false;
      }
    }
  }
  return others;
}

function itemOf(summary: RawJson): { item: RawJson; feed: boolean } {
  const fields = new Map((membersOf(summary) ?? []).map(({ key, value }) => [key, value]));
  const annotations = parseParameters(fields.get("annotations") ?? "[]", "annotations");
  const item = objectOf(["name", "version", "annotations"].map((name) => [name, fields.get(name) ?? "null"] as const));
  return { item, feed: annotations.ok && parameterValue(annotations.value, "feed") !== undefined };
}
