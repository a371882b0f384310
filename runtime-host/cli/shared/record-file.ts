// An export of records in a file: pages of lines, each page with a last line that says how many came before it and
// where the next one begins. Whatever follows the last whole page is no part of it.

import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import * as z from "zod";

const PageEnd = z.object({
  v: z.literal(1),
  page: z.object({ records: z.number(), left: z.array(z.string()), next: z.string().nullable() }),
});
export type PageEnd = z.infer<typeof PageEnd>["page"];

export interface ExportFile {
  /** Lines of records in whole pages. */
  records: number;
  /** Ids whose records were left out, since they are too long or damaged. */
  left: string[];
  /** False: nothing is there, or something else. */
  isExport: boolean;
  /** Bytes of whole pages. */
  bytes: number;
  /** Where it goes on; null: it is whole; "": nothing of it is there. */
  next: string | null;
  /** What is wrong with it, beside that it is not at its end. */
  fault: string | null;
}

/** How a line of a record begins, and one that ends a page. */
const RECORD = '{"v":1,"name":';
const PAGE_END = '{"v":1,"page":';

export const NOTHING: Readonly<ExportFile> = {
  ...{ isExport: false, records: 0, left: [], bytes: 0, next: "" },
  fault: null,
};
const OTHER: Readonly<ExportFile> = { ...NOTHING, fault: "it is no export of records" };

/** A line that ends a page, or null. */
export function pageOf(line: string): PageEnd | null {
  // Lines of records may be long: they are not parsed for this.
  if (!line.startsWith(PAGE_END)) return null;
  try {
    const read = PageEnd.safeParse(JSON.parse(line));
    return read.success ? read.data.page : null;
  } catch {
    return null;
  }
}

/** Reads it from its beginning to its end. */
export async function inspect(path: string): Promise<ExportFile> {
  const head = headOf(path);
  if (head === "") return NOTHING;
  // The first line may be cut off as well.
  if (!RECORD.startsWith(head) && !PAGE_END.startsWith(head)) return OTHER;
  const found: ExportFile = { ...NOTHING, isExport: true, left: [] };
  let lines = 0;
  for await (const { text, end } of linesOf(path)) {
    if (found.next === null) return { ...found, fault: "there is something behind its end" };
    const page = pageOf(text);
    if (page === null) {
      if (found.bytes === 0 && lines === 0 && !text.startsWith(RECORD)) return OTHER;
      lines++;
      continue;
    }
    if (page.records !== lines) return { ...found, fault: `a page of ${page.records} records has ${lines}` };
    found.records += lines;
    found.left.push(...page.left);
    found.bytes = end;
    found.next = page.next;
    lines = 0;
  }
  return found;
}

/** Its first bytes, which tell what it is. */
function headOf(path: string): string {
  const bytes = Buffer.alloc(RECORD.length);
  const fd = openSync(path, "r");
  try {
    return bytes.toString("latin1", 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}

/** Whole lines, without their ends. `end`: bytes up to and with the line's end.
 * What is behind the last line end is left out. */
export async function* linesOf(path: string): AsyncGenerator<{ text: string; end: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let end = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    let from = 0;
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    // Not as readline does it, which takes some letters for line ends.
    for (let at = bytes.indexOf(0x0a, rest.length); at >= 0; at = bytes.indexOf(0x0a, from)) {
      end += at + 1 - from;
      yield { text: bytes.toString("utf8", from, at), end };
      from = at + 1;
    }
    rest = bytes.subarray(from);
  }
}
