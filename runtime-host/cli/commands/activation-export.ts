// `edgewhisk activation export`: the records of a namespace in a file, page by page; one that was cut off goes on where
// its last whole page has ended.

import { closeSync, fchmodSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { ApiClient } from "../../client/api-client.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, failed, refused } from "../shared/exit-codes.ts";
import { epochOf, momentOption } from "../shared/moment.ts";
import { causeOf, lookAt, refusedFile } from "../shared/named-file.ts";
import { openApi, PLATFORM_OPTIONS } from "../shared/platform.ts";
import { inspect, NOTHING, pageOf } from "../shared/record-file.ts";

/** Pages in a row that may fail before we give up. */
const MAX_FAILURES = 3;
/** Nobody but its owner reads it. */
const MODE = 0o600;

const OPTIONS = {
  since: momentOption("only what began then or later"),
  upto: momentOption("only what began then or before", "now"),
  ...PLATFORM_OPTIONS,
};

export const activationExport = defineCommand({
  name: "activation export",
  group: "Look at what happens",
  summary: "all records of a namespace in a file, one JSON a line",
  positionals: [
    {
      name: "file",
      summary: "where they are written; one that was cut off is gone on with",
      complaint: "expected one file",
    },
  ],
  options: OPTIONS,
  notes: `Newest first, each with its result and logs. What is made meanwhile is not in it. A record whose line would
be longer than 1 MB is left out and named. Other users cannot read the file. To go on with one that was cut off, give
the same --since, as a date or epoch milliseconds. A file that holds something else is left as it is.`,
  async run(call): Promise<CommandOutcome> {
    const [file = ""] = call.positionals;
    const opened = openApi(call);
    if (!opened.ok) return opened;
    try {
      return await exportTo(file, call, opened.client);
    } catch (error) {
      return refusedFile(file, error);
    }
  },
});

async function exportTo(file: string, call: Call<typeof OPTIONS>, client: ApiClient): Promise<CommandOutcome> {
  const looked = lookAt(file);
  if (!looked.ok) return looked;
  const found = looked.stats === null ? NOTHING : await inspect(file);
  if (found.fault !== null) return failed(`${file}: ${found.fault}`);
  if (found.next === null) return failed(`${file} is there and whole: ${found.records} records`);
  const now = Date.now();
  const { since, upto = { at: now } } = call.options;
  const asked = new URLSearchParams({ upto: String(epochOf(upto, now)) });
  if (since !== undefined) asked.set("since", String(epochOf(since, now)));
  const left = [...found.left];
  let { records, bytes } = found;
  if (found.next !== "") asked.set("cursor", found.next);
  const fd = openSync(file, looked.stats === null ? "wx" : "r+", MODE);
  try {
    if (looked.stats !== null) fchmodSync(fd, MODE);
    if (bytes > 0) call.progress(`${file} has ${records} records already; it is gone on with`);
    for (let failures = 0; ; ) {
      ftruncateSync(fd, bytes);
      const reply = await client.open(`/api/v1/namespaces/_/records?${asked}`, {});
      const page = reply.ok ? await write(reply.value, { fd, at: bytes }) : null;
      if (page === null) {
        const isFinal = !reply.ok && reply.status >= 400 && reply.status < 500;
        if (!reply.ok && (isFinal || ++failures >= MAX_FAILURES)) return refused(reply);
        if (reply.ok && ++failures >= MAX_FAILURES)
          return failed(`the platform ended pages early; ${file} can be gone on with`);
        continue;
      }
      failures = 0;
      bytes = page.end;
      records += page.records;
      left.push(...page.left);
      if (page.next === null) break;
      asked.set("cursor", page.next);
      call.progress(`${records} records`);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  call.print({ file, records, left }, `${file}: ${records} records${leftText(left)}`);
  return left.length === 0 ? DONE : failed(`${left.length} records are not in it`);
}

function leftText(left: readonly string[]): string {
  return left.length === 0 ? "" : `; not in it, since they are longer than 1 MB or damaged: ${left.join(" ")}`;
}

/** Null where the page's last line has not come. `end`: where it ends in the file. Throws what the disk refuses. */
async function write(
  body: ReadableStream<Uint8Array>,
  { fd, at }: { fd: number; at: number },
): Promise<{ records: number; left: string[]; next: string | null; end: number } | null> {
  let end = at;
  let tail = Buffer.alloc(0);
  try {
    for await (const chunk of body) {
      for (let from = 0; from < chunk.length; ) {
        const written = writeSync(fd, chunk, from, chunk.length - from, end);
        from += written;
        end += written;
      }
      tail = Buffer.concat([tail, chunk]);
      const line = tail.lastIndexOf(0x0a, -2);
      if (line >= 0) tail = tail.subarray(line + 1);
    }
  } catch (error) {
    if (causeOf(error) !== null) throw error;
    // Cut off: what has come of this page is asked for again.
    return null;
  }
  const page = tail.at(-1) === 0x0a ? pageOf(tail.toString("utf8", 0, tail.length - 1)) : null;
  return page === null ? null : { ...page, end };
}
