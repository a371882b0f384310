// The outbox's files as an earlier boot left them: which records lie where.

import * as fs from "node:fs";
import { join } from "node:path";
import { type Logger, reasonOf } from "../program/logger.ts";
import { parseLines, type RecordHead } from "./outbox-format.ts";

export interface StoredRecord {
  readonly id: string;
  readonly attempt: number;
  readonly shard: number;
  /** Epoch ms when its text was made. */
  readonly at: number;
  readonly bytes: number;
  /** Where it lies; changed by compaction. Null while the disk refuses it, the text is then here. */
  place: { segment: OutboxSegment; offset: number } | null;
  text?: string;
}

export interface OutboxSegment {
  readonly path: string;
  readonly fd: number;
  size: number;
  live: Set<StoredRecord>;
}

/** Ids of damaged lines in one line of the log. */
const MAX_NAMED = 100;

/** All segments in order, and the records that none of them confirms. `last`: the highest number.
 * Throws if they cannot be read. */
export function loadSegments(
  dir: string,
  log: Logger,
): { segments: OutboxSegment[]; kept: StoredRecord[]; last: number } {
  const live = new Map<string, StoredRecord>();
  const segments: OutboxSegment[] = [];
  const names: string[] = [];
  let damaged = 0;
  let last = 0;
  for (const file of fs.readdirSync(dir).sort()) {
    if (!/^\d{12}\.log$/.test(file)) continue;
    last = Number(file.slice(0, 12));
    const path = join(dir, file);
    let bytes: Buffer;
    let fd: number;
    try {
      bytes = fs.readFileSync(path);
      fd = fs.openSync(path, "r");
    } catch (error) {
      // It stays for another boot; its runs end as lost ones.
      log.error("outbox.segment-unreadable", { path, reason: reasonOf(error) });
      continue;
    }
    const segment: OutboxSegment = { path, fd, size: bytes.length, live: new Set() };
    segments.push(segment);
    const parsed = parseLines(bytes);
    damaged += parsed.damaged;
    names.push(...parsed.names);
    for (const line of parsed.lines) {
      for (const name of line.kind === "acks" ? line.names : [line.name]) {
        const gone = live.get(name);
        gone?.place?.segment.live.delete(gone);
        live.delete(name);
      }
      if (line.kind === "acks") continue;
      const [id, attempt] = line.name.split("/") as [string, string];
      const { shard, at } = line;
      const place = { segment, offset: line.start };
      const kept: StoredRecord = { id, attempt: Number(attempt), shard, at, bytes: line.end - line.start, place };
      segment.live.add(kept);
      live.set(line.name, kept);
    }
  }
  const lost = names.filter((name) => !live.has(name)).map((name) => name.slice(0, 32));
  if (damaged > 0) log.warn("outbox.damaged-lines", { lines: damaged, ids: lost.slice(0, MAX_NAMED).join(" ") });
  return { segments, kept: [...live.values()], last };
}

export function headOf(kept: StoredRecord): RecordHead {
  return { name: nameOf(kept), shard: kept.shard, at: kept.at };
}

export function nameOf(kept: { id: string; attempt: number }): string {
  return `${kept.id}/${kept.attempt}`;
}
