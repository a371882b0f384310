// The records of a namespace as an export, and back: for its owner and for the administrator.

import { shardOf } from "../../entities/activation-id.ts";
import { type Identity, idsOf } from "../../entities/identity.ts";
import { MB } from "../../entities/limits.ts";
import { readCursor } from "../../entities/record-line.ts";
import { fail, ok, type Result } from "../../errors.ts";
import { homeOf } from "../../invocation/history.ts";
import { listActivations } from "../../invocation/record-list.ts";
import { EXPORT_PAGE, exportedPage } from "../../records/export.ts";
import { type ImportReport, importLines } from "../../records/import.ts";
import { bytesOf, patienceWith } from "../body.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { textStreamOf } from "../pieces.ts";
import { malformed, printable } from "../query.ts";
import { json, reply } from "../reply.ts";
import { instantOf, reversed } from "./query.ts";

type Namespace = Identity["namespace"];

/** Bytes of one request that brings records back. */
const MAX_IMPORT = 8 * MB;
const NDJSON = "application/x-ndjson";

/** One page, streamed. `cursor`: where the page before it has ended. */
export async function exportRecords(c: AppContext, namespace: Namespace): Promise<Response> {
  const since = instantOf(c, "since");
  if (!since.ok) return respond(c, since);
  const upto = instantOf(c, "upto");
  if (!upto.ok) return respond(c, upto);
  if (since.value !== undefined && upto.value !== undefined && since.value > upto.value)
    return respond(c, reversed(since.value, upto.value));
  const given = c.req.query("cursor") ?? "";
  const after = given === "" ? undefined : readCursor(given);
  if (after === null) return respond(c, malformed("cursor", `'${printable(given)}' is none that was answered.`));
  const services = c.get("services");
  const records = listActivations(services.records(namespace), {
    ...{ limit: EXPORT_PAGE.records + 1, skip: 0, docs: true },
    ...(since.value === undefined ? {} : { since: since.value }),
    ...(upto.value === undefined ? {} : { upto: upto.value }),
    ...(after === undefined ? {} : { after }),
  });
  const body = textStreamOf(exportedPage(records, services.stores.blobs));
  return reply(c, body, { headers: { "Content-Type": NDJSON } });
}

export async function importRecords(c: AppContext, namespace: Namespace): Promise<Response> {
  const lines = await linesOf(c);
  if (!lines.ok) return respond(c, lines);
  const services = c.get("services");
  const report: ImportReport = await importLines(lines.value, {
    ...{ namespace: namespace.name, namespaceId: namespace.uuid, shards: services.settings.shards, now: Date.now() },
    homeOf: (id) => homeOf((namespaceId) => services.shard(namespaceId, shardOf(id)), id, idsOf(namespace)),
    store: (namespaceId, shard) => services.shard(namespaceId, shard),
    blobs: services.stores.blobs,
    newKey: () => crypto.randomUUID(),
  });
  return json(c, JSON.stringify(report));
}

async function linesOf(c: AppContext): Promise<Result<string[]>> {
  const type = c.req.raw.headers.get("Content-Type") ?? "";
  if (!/^application\/x-ndjson\s*(;|$)/i.test(type)) return fail("unsupported-media", NDJSON);
  if (c.req.raw.body === null) return ok([]);
  const bytes = await bytesOf(c.req.raw, { max: MAX_IMPORT, patience: patienceWith(c) });
  if (!bytes.ok) return bytes;
  try {
    return ok(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.value).split("\n"));
  } catch {
    return fail("malformed-body", "The text is not UTF-8.");
  }
}
