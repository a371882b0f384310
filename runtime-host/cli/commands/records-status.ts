// `edgewhisk records status`: how full the databases of records are, how many records have left early, and what of
// blobs nobody owned.

import { type BlobSweep, type DatabaseFill, RecordsStatus } from "../../../src/entities/record-administration.ts";
import { createApiClient } from "../../client/api-client.ts";
import { defineCommand } from "../shared/command.ts";
import { DONE, failed, refused } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS, administration } from "../shared/platform.ts";

const STATES: Readonly<Record<DatabaseFill["state"], string>> = {
  well: "well",
  filling: "nearly full: from 90 % on the oldest records leave early; add a database (RECORDS_1, …) or keep fewer",
  full: "full: the oldest records leave early",
  unreachable: "does not answer",
};

export const recordsStatus = defineCommand({
  name: "records status",
  group: "Administer a deployment",
  summary: "how full the databases of records are; fails where one is filled to 80 % or does not answer",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  async run(call) {
    const door = await administration(call);
    if (!door.ok) return door;
    const client = createApiClient(door.url, { kind: "admin", token: door.token });
    const reply = await client.ask("GET", "/admin/v1/records", { schema: RecordsStatus });
    if (!reply.ok) return refused(reply);
    const { mode, databases, blobs } = reply.value;
    const swept = blobs === undefined ? [] : [sweptLine(blobs)];
    call.print(reply.value, [`mode        ${mode}`, ...databases.map(lineOf), ...swept].join("\n"));
    const bad = databases.filter((each) => each.state !== "well").map((each) => each.binding);
    return bad.length === 0 ? DONE : failed(`${bad.join(", ")}: see above`);
  },
});

function lineOf({ binding, state, why, bytes, bound, pruned }: DatabaseFill): string {
  const part = `${((bytes / bound) * 100).toFixed(1)} % of ${Math.round(bound / 1e6)} MB`;
  const early = pruned === 0 ? "" : `, ${pruned} records have left early`;
  return `${binding.padEnd(12)}${part}${early}: ${STATES[state]}${why === undefined ? "" : ` (${why})`}`;
}

function sweptLine({ passes, looked, swept, bytes, unknown, fault, ...past }: BlobSweep): string {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const rest = unknown === 0 ? "" : `; of ${unknown} old ones nobody knows whose they are, they stay`;
  const failed = fault === null ? "" : `; the last turn did nothing (${fault})`;
  const why = past.passedWhy ?? "";
  const left = past.passed === undefined ? "" : `; ${past.passed} could not be told, they are looked at again (${why})`;
  return `blobs       ${looked} looked at in ${passes} passes, ${swept} of nobody are gone (${size})${rest}${left}${failed}`;
}
