// What a package contains, as GET of the package shows it: its actions, and apart from them its feeds. A package may hold
// any number: beyond one page they flow through.

import { parameterValue, parseParameters } from "../../entities/parameters.ts";
import { membersOf, objectOf, type RawJson } from "../../entities/raw-json.ts";
import type { ListedEntity } from "../../storage/entity-store.ts";
import type { AppContext } from "../context.ts";
import { streamOf } from "../pieces.ts";

const PAGE = 200;

type Stores = Pick<AppContext["var"]["services"]["stores"], "entities" | "blobs">;

/** `text`: of the package's own fields; `path`: of what provides the actions. */
export async function withContents(
  text: RawJson,
  { path, stores }: { path: string; stores: Stores },
): Promise<string | ReadableStream<Uint8Array>> {
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
  if (first.length === PAGE || first.some(({ summary }) => "blob" in summary)) return streamOf(encoded(parts));
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

async function* encoded(parts: AsyncGenerator<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const part of parts) yield encoder.encode(part);
}
