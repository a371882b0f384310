// Lines of an export back into a namespace: each is taken, known already, or refused with a reason. What is taken is
// marked as imported, starts nothing, wakes nobody and counts nowhere.

import type { ActivationRecord } from "../entities/activation.ts";
import { type ActivationId, shardOf } from "../entities/activation-id.ts";
import { MAX_INLINE } from "../entities/limits.ts";
import { readRecordLine } from "../entities/record-line.ts";
import type { ImportedRecord, ImportStoreRpc, ImportWord } from "../protocol/import.ts";
import type { BlobOwner, BlobStore } from "../storage/blob-store.ts";

export interface ImportPlace {
  /** Name and permanent id of the namespace. */
  namespace: string;
  namespaceId: string;
  shards: number;
  now: number;
  /** Under which of the namespace's ids an activation lies. */
  homeOf(id: ActivationId): Promise<string>;
  store(namespaceId: string, shard: number): ImportStoreRpc;
  blobs: Pick<BlobStore, "put">;
  /** Another text each time. */
  newKey(): string;
}

export interface ImportReport {
  imported: number;
  /** Ids of which there is a record already. */
  duplicates: ActivationId[];
  /** `line`: from 1. */
  refused: { line: number; id?: ActivationId; reason: string }[];
}

const REASONS: Readonly<Record<Exclude<ImportWord, "taken" | "known">, string>> = {
  open: "an activation with its id is under way",
  full: "too many records wait for their place: try again later",
};

/** Lines without their ends; empty ones are not looked at. */
export async function importLines(lines: readonly string[], ports: ImportPlace): Promise<ImportReport> {
  const report: ImportReport = { imported: 0, duplicates: [], refused: [] };
  const groups = new Map<string, { line: number; item: ImportedRecord }[]>();
  const met = new Set<ActivationId>();
  for (const [at, text] of lines.entries()) {
    if (text.trim() === "") continue;
    const read = readRecordLine(text, ports);
    if (read.kind === "page") continue;
    if (read.kind === "refused") {
      const { reason, id } = read;
      report.refused.push({ line: at + 1, ...(id === undefined ? {} : { id }), reason });
      continue;
    }
    const { record, name } = read;
    const id = record.activationId;
    if (met.has(id)) {
      report.duplicates.push(id);
      continue;
    }
    met.add(id);
    const key = `${await ports.homeOf(id)}:${shardOf(id)}`;
    const group = groups.get(key) ?? [];
    group.push({ line: at + 1, item: { record: { ...record, imported: ports.now }, name } });
    groups.set(key, group);
  }
  for (const [key, group] of groups) await importGroup(key, group, { ports, report });
  report.refused.sort((one, other) => one.line - other.line);
  return report;
}

async function importGroup(
  key: string,
  group: readonly { line: number; item: ImportedRecord }[],
  { ports, report }: { ports: ImportPlace; report: ImportReport },
): Promise<void> {
  const colon = key.lastIndexOf(":");
  const store = ports.store(key.slice(0, colon), Number(key.slice(colon + 1)));
  // What is known already must not have its blobs written anew.
  const before = await store.importable(group.map(({ item }) => item.record.activationId));
  const fresh = group.filter((_, at) => before[at] === "taken");
  const owner = { namespaceId: key.slice(0, colon) };
  const lifted = await Promise.all(
    fresh.map(async ({ item: { record, name } }) => ({ record: await lift(record, { ports, owner }), name })),
  );
  const words = lifted.length === 0 ? [] : await store.import(lifted);
  const after = new Map(fresh.map(({ item }, at) => [item.record.activationId, words[at]]));
  for (const [at, { line, item }] of group.entries()) {
    const id = item.record.activationId;
    const word = after.get(id) ?? before[at] ?? "open";
    if (word === "taken") report.imported++;
    else if (word === "known") report.duplicates.push(id);
    else report.refused.push({ line, id, reason: REASONS[word] });
  }
}

/** What is too long for a row lies in the blob store, as with any other record. No key is used twice: what an import
 * has left behind may be swept while another one brings the same record. */
async function lift(
  record: ActivationRecord,
  { ports, owner }: { ports: ImportPlace; owner: BlobOwner },
): Promise<ActivationRecord> {
  const lifted = { ...record };
  for (const part of ["result", "logs"] as const) {
    const payload = record[part];
    if (!("inline" in payload) || payload.inline.length * 3 <= MAX_INLINE) continue;
    const area = part === "result" ? "results" : "logs";
    const key = `${area}/${record.activationId}/imported-${ports.newKey()}`;
    const bytes = new TextEncoder().encode(payload.inline);
    await ports.blobs.put(key, bytes, owner);
    lifted[part] = { blob: key, size: bytes.length };
  }
  return lifted;
}
