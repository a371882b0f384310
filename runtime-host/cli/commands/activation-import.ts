// `edgewhisk activation import`: records from an export back into their namespace. May be run again:
// what is there stays.

import { ImportAnswer } from "../../../src/entities/record-administration.ts";
import type { ApiClient } from "../../client/api-client.ts";
import { toggle } from "../../program/options.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, failed, refused } from "../shared/exit-codes.ts";
import { lookAt, refusedFile } from "../shared/named-file.ts";
import { openApi, PLATFORM_OPTIONS } from "../shared/platform.ts";
import { inspect, linesOf, pageOf } from "../shared/record-file.ts";

/** Lines and bytes of one request. */
const BATCH = { lines: 500, bytes: 4 * 1024 * 1024 };

const OPTIONS = { partial: toggle("take an export that was cut off as well"), ...PLATFORM_OPTIONS };

export const activationImport = defineCommand({
  name: "activation import",
  group: "Look at what happens",
  summary: "records from an export back into their namespace",
  positionals: [{ name: "file", summary: "what activation export has written", complaint: "expected one file" }],
  options: OPTIONS,
  notes: `Needs the namespace's own key. Records keep their ids and are marked as imported; they start nothing and count in no figures.
An id of which there is a record already is left as it is. May be run again.`,
  async run(call): Promise<CommandOutcome> {
    const [file = ""] = call.positionals;
    const looked = lookAt(file);
    if (!looked.ok) return looked;
    if (looked.stats === null) return failed(`there is no file ${file}`);
    const opened = openApi(call);
    if (!opened.ok) return opened;
    try {
      return await importFrom(file, call, opened.client);
    } catch (error) {
      return refusedFile(file, error);
    }
  },
});

async function importFrom(file: string, call: Call<typeof OPTIONS>, client: ApiClient): Promise<CommandOutcome> {
  const found = await inspect(file);
  if (!found.isExport) return failed(`${file} holds no export of records; nothing was imported`);
  const { partial } = call.options;
  if (!partial && found.fault !== null) return failed(`${file}: ${found.fault}; nothing was imported`);
  if (!partial && found.next !== null) {
    const ways = "go on with activation export, or take what is there with --partial";
    return failed(`${file} is not whole: it was cut off after ${found.records} records; ${ways}`);
  }
  const total = { imported: 0, duplicates: 0, refused: 0 };
  for await (const { lines, first } of batchesOf(file)) {
    const reply = await send(client, lines);
    if (!reply.ok) return refused(reply, `${reply.reason}; imported so far: ${total.imported}. Run it again to go on`);
    const report = reply.value;
    total.imported += report.imported;
    total.duplicates += report.duplicates.length;
    total.refused += report.refused.length;
    for (const { line, id, reason } of report.refused) {
      const at = (first[line - 1] ?? 0) + 1;
      call.print(
        { refused: { line: at, ...(id === undefined ? {} : { id }), reason } },
        `line ${at}${id === undefined ? "" : ` (${id})`}: ${reason}`,
      );
    }
    for (const id of report.duplicates) call.progress(`${id}: there is a record of this id already`);
  }
  call.print(total, `imported ${total.imported}, there already ${total.duplicates}, refused ${total.refused}`);
  return total.refused === 0 ? DONE : failed(`${total.refused} lines were refused`);
}

function send(client: ApiClient, lines: readonly string[]) {
  const body = `${lines.join("\n")}\n`;
  return client.ask("POST", "/api/v1/namespaces/_/records", { lines: body, schema: ImportAnswer });
}

/** `first`: of each line its number in the file, from 0. */
async function* batchesOf(file: string): AsyncGenerator<{ lines: string[]; first: number[] }> {
  let batch: { lines: string[]; first: number[] } = { lines: [], first: [] };
  let bytes = 0;
  let at = -1;
  for await (const { text: line } of linesOf(file)) {
    at++;
    if (line === "" || pageOf(line) !== null) continue;
    if (batch.lines.length > 0 && (batch.lines.length >= BATCH.lines || bytes + line.length > BATCH.bytes)) {
      yield batch;
      batch = { lines: [], first: [] };
      bytes = 0;
    }
    batch.lines.push(line);
    batch.first.push(at);
    bytes += Buffer.byteLength(line);
  }
  if (batch.lines.length > 0) yield batch;
}
