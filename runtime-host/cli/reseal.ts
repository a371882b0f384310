// `edgewhisk reseal`: after MASTER_SECRET was changed, seals all stored keys with the new one and says when the old one may go.

import { parseArgs } from "node:util";
import { createAdminClient } from "../client/admin-client.ts";
import { complaintOf, joined } from "../program/flags.ts";
import { originOf } from "../program/origin.ts";
import { adminToken, NO_TOKEN } from "./admin-token.ts";

const HELP = `Usage: ADMIN_TOKEN=… edgewhisk reseal --url URL

Seals all stored keys of the platform at URL with its current MASTER_SECRET, and says when MASTER_SECRET_PREVIOUS may be
removed. May be run at any time and again.

  --url URL            origin of the platform, e.g. https://edgewhisk.example.workers.dev

To change the secret: set MASTER_SECRET_PREVIOUS to the present one, then MASTER_SECRET to a new one, run this, and remove
MASTER_SECRET_PREVIOUS when it says so. No key changes. The admin token comes from the variable ADMIN_TOKEN, or from standard
input.
`;

const OPTIONS = { url: { type: "string" }, help: { type: "boolean", short: "h" } } as const;

/** Returns the exit code: 1 also where keys are lost. */
export async function reseal(argv: readonly string[]): Promise<number> {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(argv).values;
  } catch (error) {
    return complain(`${complaintOf(error)}: see --help`, 2);
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const url = originOf(values.url ?? "");
  if (url === null) return complain("--url: expected the platform's origin, http://… or https://…", 2);
  const token = await adminToken();
  if (token === "") return complain(NO_TOKEN, 2);

  const admin = createAdminClient(url, token);
  let resealed = 0;
  let lost = 0;
  for (let after: string | null = ""; after !== null; ) {
    const reply = await admin.reseal(after);
    if (!reply.ok) return complain(`${reply.reason}; keys sealed so far: ${resealed}. Run it again to go on`, 1);
    resealed += reply.value.resealed;
    for (const { subject, namespace } of reply.value.lost) {
      lost++;
      process.stdout.write(`no secret opens the key of ${subject} to ${namespace}: it needs a new one (rotate)\n`);
    }
    after = reply.value.next;
    const { mayGo } = reply.value;
    if (mayGo === undefined) continue;
    process.stdout.write(`${resealed} keys were sealed anew; all that open are sealed with the current MASTER_SECRET now.
MASTER_SECRET_PREVIOUS may be removed after ${mayGo}: until then calls under way may carry what it sealed.
`);
  }
  return lost === 0 ? 0 : 1;
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: joined(argv, OPTIONS), options: OPTIONS, strict: true, allowPositionals: false });
}

function complain(reason: string, code: number): number {
  process.stderr.write(`edgewhisk reseal: ${reason}\n`);
  return code;
}
