// Files of the machine that feeds may read: SQLite databases and folders that the operator named. Read for the Worker,
// and never written.

import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { ListedObject } from "../../src/entities/source.ts";

/** Paths by names. */
export interface FeedFiles {
  readonly d1: Readonly<Record<string, string>>;
  readonly r2: Readonly<Record<string, string>>;
}

export interface FeedAnswer {
  status: number;
  body: string;
}

const PAGE = 1_000;
/** Files of a folder that are looked at; more are not listed. */
const MAX_FILES = 20_000;
/** ms for which a database that is written is waited for. */
const BUSY_MS = 2_000;

const Query = z.strictObject({ text: z.string(), values: z.array(z.union([z.string(), z.number()])) });
const Listing = z.strictObject({ prefix: z.string(), after: z.string() });

/** Answers the Worker's binding FEEDS. `path`: kind and name of a source, `body`: the question.
 * What is wrong is told without paths. */
export async function answerFeed(files: FeedFiles, path: string, body: string): Promise<FeedAnswer> {
  const [, kind = "", name = ""] = path.split("/");
  const place = kind === "d1" ? files.d1[name] : kind === "r2" ? files.r2[name] : undefined;
  if (place === undefined) return { status: 404, body: `there is no file for ${kind} ${name}` };
  try {
    const question: unknown = JSON.parse(body);
    const answer = kind === "d1" ? rowsOf(place, Query.parse(question)) : await listed(place, Listing.parse(question));
    return { status: 200, body: JSON.stringify(answer) };
  } catch (error) {
    return { status: 500, body: reasonOf(error, place) };
  }
}

/** Opened for each question: the file may be another by now. */
function rowsOf(file: string, { text, values }: z.infer<typeof Query>): unknown[] {
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  try {
    return database.prepare(text).all(...values);
  } finally {
    database.close();
  }
}

/** Files below the folder by their path, as a bucket would list them. Links and what is no file are left out. */
async function listed(
  folder: string,
  { prefix, after }: z.infer<typeof Listing>,
): Promise<{ objects: ListedObject[]; more: boolean }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  if (files.length > MAX_FILES) throw new Error(`the folder has more than ${MAX_FILES} files`);
  const keys = files
    .map(({ parentPath, name }) =>
      join(parentPath, name)
        .slice(folder.length + 1)
        .split(sep)
        .join("/"),
    )
    .filter((key) => key.startsWith(prefix) && isBehind(key, after))
    .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const objects: ListedObject[] = [];
  for (const key of keys.slice(0, PAGE)) {
    const found = await stat(join(folder, key), { bigint: true }).catch(() => null);
    // Gone since: the next look tells.
    if (found === null) continue;
    const { size, mtimeNs, ino } = found;
    const version = `${mtimeNs}-${size}-${ino}`;
    objects.push({
      ...{ key, version, size: Number(size) },
      etag: createHash("sha256").update(version).digest("hex").slice(0, 32),
      uploaded: Number(mtimeNs / 1_000_000n),
    });
  }
  return { objects, more: keys.length > PAGE };
}

function isBehind(key: string, after: string): boolean {
  return after === "" || Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0;
}

function reasonOf(error: unknown, place: string): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(place, "the file");
}
