// What is read of a table or a bucket, if the namespace may: nobody reads what was taken from him in between.

import { bindingOf, type SourceName, sourceOf } from "../../entities/source.ts";
import type { ReadSource, SourceRead } from "../../protocol/sources.ts";
import type { Services } from "../../services/services.ts";

const MAX_TEXT = 300;

/** Never rejects for what the source does. */
export async function readSource(
  { stores, sources }: Pick<Services, "stores" | "sources">,
  { namespace, trigger, feed, cursor, after }: ReadSource,
): Promise<SourceRead> {
  const source = sourceOf(feed);
  const stored = await stores.entities.get({ path: namespace.name, name: trigger });
  if (stored?.type !== "trigger") return { kind: "gone", text: `the trigger '${trigger}' is gone` };
  if (!(await stores.sources.isGranted(source, namespace.uuid))) return notGranted(source);
  try {
    if (feed.kind === "database") {
      const table = sources.table(feed.database);
      if (table === null) return notDeclared(source);
      const read = await table.rows(feed, { after: cursor, max: feed.maxRows });
      return read.kind === "fault" ? { kind: "failed", text: read.text } : read;
    }
    const bucket = feed.kind === "objectstore" ? sources.bucket(source.name) : null;
    if (bucket === null || feed.kind !== "objectstore") return notDeclared(source);
    return { kind: "objects", ...(await bucket.list({ prefix: feed.prefix ?? "", after })) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", text: `${source.name} could not be read: ${reason.slice(0, MAX_TEXT)}` };
  }
}

function notGranted({ name }: SourceName): SourceRead {
  return { kind: "blocked", text: `the namespace may not read ${name} (any more): its administrator grants it` };
}

function notDeclared(source: SourceName): SourceRead {
  return { kind: "blocked", text: `this deployment has no ${bindingOf(source)} (any more)` };
}
