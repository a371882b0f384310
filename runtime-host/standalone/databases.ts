// The databases of the state folder, by their place: what each holds, and so what is lost with it. Pure.

import { createHash, createHmac } from "node:crypto";

export interface Kind {
  /** As in "… is lost". */
  readonly holds: string;
  /** A table it has had since it was first used. */
  readonly table?: string;
  /** Activations are named in it. */
  readonly ids: boolean;
  /** Whether an empty one is a damaged one as soon as the platform has been used. */
  readonly neverEmpty: boolean;
}

/** Name of the file in which Miniflare keeps the D1 database with this id. */
function fileOf(id: string): string {
  const key = createHash("sha256").update("miniflare-D1DatabaseObject").digest();
  const half = (data: string | Buffer) => createHmac("sha256", key).update(data).digest().subarray(0, 16);
  const name = half(id);
  return Buffer.concat([name, half(name)]).toString("hex");
}

/** Those of RECORDS_0, RECORDS_1, …: their local ids count on from the entities'. */
const RECORD_FILES = Array.from({ length: 16 }, (_, at) =>
  fileOf(`00000000-0000-0000-0000-${String(at + 1).padStart(12, "0")}`),
);
const RECORDS = new RegExp(`^v3/d1/.*/(${RECORD_FILES.join("|")})\\.sqlite$`);

const KINDS: [RegExp, Kind][] = [
  [RECORDS, { holds: "records of activations", table: "d1_migrations", ids: true, neverEmpty: true }],
  [
    /(^|\/)metadata\.sqlite$/,
    { holds: "when waiting work is looked after by itself (the next call does)", ids: false, neverEmpty: false },
  ],
  [
    /^v3\/d1\//,
    {
      holds: "all actions, packages, triggers, rules and keys",
      table: "d1_migrations",
      ids: false,
      neverEmpty: true,
    },
  ],
  [
    /^v3\/r2\//,
    {
      holds: "the way to the code of all actions and to large arguments, results and logs",
      table: "_mf_objects",
      ids: false,
      neverEmpty: true,
    },
  ],
  [
    /^v3\/do\/[^/]*-Roster\//,
    { holds: "the tokens of further hosts", table: "schema_version", ids: false, neverEmpty: true },
  ],
  [
    /^v3\/do\/[^/]*-ActivationStore\//,
    { holds: "records and waiting calls of one namespace's shard", ids: true, neverEmpty: false },
  ],
  [
    /^v3\/do\/[^/]*-Composition\//,
    { holds: "the sequences and conductors under way in one namespace's shard", ids: true, neverEmpty: false },
  ],
  [
    // Of earlier versions: `Gate`, which nobody opens any more.
    /^v3\/do\/[^/]*-(EntityEpoch|Gate)\//,
    { holds: "under which epoch a namespace is remembered (it begins anew)", ids: false, neverEmpty: false },
  ],
  [
    /^v3\/do\/[^/]*-Throttle\//,
    { holds: "what a namespace has called in the last minute", ids: false, neverEmpty: false },
  ],
  [/^v3\/do\/[^/]*-InvokerScheduler\//, { holds: "which runs a host was given", ids: false, neverEmpty: false }],
];
const OTHER: Kind = { holds: "what it held", ids: false, neverEmpty: false };

/** `file`: relative to the state folder, with slashes. */
export function kindOf(file: string): Kind {
  return KINDS.find(([pattern]) => pattern.test(file))?.[1] ?? OTHER;
}

const ENTITIES = "v3/d1/";

/** The folder of a database that every state that was used has, and that is not among these files, or null. */
export function missingOf(files: readonly string[]): string | null {
  const there = files.some(
    (file) => file.startsWith(ENTITIES) && !file.endsWith("/metadata.sqlite") && !RECORDS.test(file),
  );
  return there ? null : ENTITIES;
}

/** In this order they are checked: first what everything hangs on. */
export function rankOf(file: string): number {
  const at = ["v3/d1/", "v3/r2/", "-Roster/", "-ActivationStore/"].findIndex((part) => file.includes(part));
  return at < 0 ? 9 : at;
}

const ID = /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/g;
const OLDEST_MS = Date.UTC(2020);
const DAY_MS = 86_400_000;

/** Ids of activations in a text: 12 digits of them are their time. */
export function idsIn(text: string, now: number): string[] {
  return (text.match(ID) ?? []).filter((id) => {
    const at = Number.parseInt(id.slice(0, 12), 16);
    return at >= OLDEST_MS && at <= now + DAY_MS;
  });
}

/** What is wrong with a database by its first bytes and its size alone, or null. `logged`: there is a write-ahead log
 * beside it, which may hold what the file does not; then only SQLite itself can tell. */
export function headFault(head: Buffer, options: { size: number; logged: boolean }): string | null {
  const { size, logged } = options;
  if (size === 0 || logged) return null;
  if (head.length < 100 || head.toString("latin1", 0, 16) !== "SQLite format 3\0") return "it is no database any more";
  const pageSize = head.readUInt16BE(16) === 1 ? 65_536 : head.readUInt16BE(16);
  const pages = head.readUInt32BE(28);
  const sound = head.readUInt32BE(24) === head.readUInt32BE(92);
  if (!sound || size >= pages * pageSize) return null;
  return `${size} of its ${pages * pageSize} bytes are there`;
}
