// What of a state folder belongs into a backup, how each file is copied, and in which order. Pure.

/** outbox: grows at its end; database: with what SQLite has beside it; index: a database that names blobs; plain:
 * written in one go. */
export type Way = "outbox" | "database" | "index" | "plain";

export interface Stage {
  /** As progress names it. */
  readonly name: string;
  readonly way: Way;
  readonly files: RegExp;
}

/** In this order: what moves is copied where it comes from before it is copied where it goes to. When alarms ring is
 * read before the objects: one too many does nothing, one too few leaves work waiting for the next call. */
export const STAGES: readonly Stage[] = [
  { name: "the host's outbox", way: "outbox", files: /^host\/outbox\/\d{12}\.log$/ },
  { name: "alarms", way: "database", files: /^v3\/do\/[^/]+\/metadata\.sqlite$/ },
  { name: "objects", way: "database", files: /^v3\/do\/(?![^/]*-ActivationStore\/)[^/]+\/[0-9a-f]{64}\.sqlite$/ },
  { name: "activations", way: "database", files: /^v3\/do\/[^/]*-ActivationStore\/[0-9a-f]{64}\.sqlite$/ },
  { name: "D1", way: "database", files: /^v3\/d1\/.*\.sqlite$/ },
  { name: "R2", way: "database", files: /^v3\/r2\/[^/]+\/metadata\.sqlite$/ },
  { name: "blobs", way: "index", files: /^v3\/r2\/[^/]+\/[0-9a-f]{64}\.sqlite$/ },
  { name: "secrets", way: "plain", files: /^(secrets|written-by)\.json$|^guest\.key$/ },
];

/** Of a running process, or made anew from what is kept. */
const LEFT_OUT =
  /^(lock.*|(running|family|worker|backup)\.json(\.new)?|secrets\.json\.new|tmp\/.*|salvaged\/.*|backup-\d+\/.*)$|^host\/(lock.*|containers\/.*|code\/.*|outbox\/probe)$|^v3\/cache\/|\.sqlite-(wal|shm|journal)$/;
const BLOB = /^v3\/r2\/[^/]+\/blobs\/[^/]+$/;

/** The files of a stage. */
export function filesOf(stage: Stage, files: readonly string[]): string[] {
  return files.filter((file) => stage.files.test(file)).sort();
}

/** What no stage knows and nothing says that it may be left out: it is copied as it is. */
export function othersOf(files: readonly string[]): string[] {
  return files
    .filter((file) => !LEFT_OUT.test(file) && !BLOB.test(file) && !STAGES.some((stage) => stage.files.test(file)))
    .sort();
}

/** Where the blobs of R2 lie. */
export function isBlob(file: string): boolean {
  return BLOB.test(file);
}

/** A path that a restore may write: below its folder, and none of what a backup leaves out. */
export function isAllowed(path: string): boolean {
  const parts = path.split("/");
  const plain = parts.every((part) => part !== "" && part !== "." && part !== ".." && !/[\0\\]/.test(part));
  return plain && parts.length <= 12 && path.length <= 1_000 && !LEFT_OUT.test(path);
}
