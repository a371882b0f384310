// `edgewhisk bootstrap`: the first key and the first host token of a deployment. Both are printed once and kept nowhere.

import { parseArgs } from "node:util";
import { HOST_NAME, HOST_NAME_RULE, MAX_SHARDS } from "../../src/protocol/names.ts";
import { createAdminClient } from "../client/admin-client.ts";
import { complaintOf, joined } from "../program/flags.ts";
import { originOf } from "../program/origin.ts";
import { adminToken, NO_TOKEN } from "./admin-token.ts";

const HELP = `Usage: ADMIN_TOKEN=… edgewhisk bootstrap --url URL [options]

Makes one identity and one host token in the platform at URL, and prints them once.

  --url URL            origin of the platform, e.g. https://edgewhisk.example.workers.dev
  --subject NAME       whose key, and name of the namespace    guest
  --host-name NAME     name of the runtime host                host-1
  --shards N           schedulers the host may be split over, 1 to 16    1
  --rotate             replace the token of a host that is there; a process that uses it is cut off

Nothing is changed where something of it is refused. The admin token comes from the variable ADMIN_TOKEN, or from standard input; never from the command line, which every user
of the machine can read.
`;

const OPTIONS = {
  url: { type: "string" },
  subject: { type: "string" },
  "host-name": { type: "string" },
  shards: { type: "string" },
  rotate: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Returns the exit code. */
export async function bootstrap(argv: readonly string[]): Promise<number> {
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

  const subject = values.subject ?? "guest";
  const name = values["host-name"] ?? "host-1";
  const rotate = values.rotate ?? false;
  if (!HOST_NAME.test(name)) return complain(`--host-name ${name}: expected ${HOST_NAME_RULE}`, 2);

  const shards = values.shards === undefined ? undefined : Number(values.shards);
  if (shards !== undefined && !(Number.isInteger(shards) && shards >= 1 && shards <= MAX_SHARDS)) {
    return complain(`--shards ${values.shards}: expected a number from 1 to ${MAX_SHARDS}`, 2);
  }

  const admin = createAdminClient(url, token);
  const hosts = await admin.hosts();
  if (!hosts.ok) return complain(hosts.reason, 1);
  if (!rotate && hosts.value.includes(name)) {
    const ways = "choose another with --host-name, or replace its token with --rotate";
    return complain(`there is a host ${name} already, and nothing was changed: ${ways}`, 1);
  }
  // First what may be refused for reasons only the platform knows; it makes all of it or nothing.
  const identity = await admin.createIdentity(subject);
  if (!identity.ok) {
    const known = identity.status === 409 ? ` (there is a key of ${subject} already: choose another --subject)` : "";
    return complain(`${identity.reason}${known}; nothing was changed`, 1);
  }
  const { namespace, key } = identity.value;
  process.stdout.write(`namespace key of ${namespace}, shown this once:

  wsk property set --apihost ${url} --auth ${key}
`);
  const host = await admin.createHost(name, { rotate, shards });
  if (!host.ok) return complain(`the key above is made, the host's token is not: ${host.reason}`, 1);
  process.stdout.write(`
token of host ${name}, shown this once; on a machine with Docker:

  EDGEWHISK_TOKEN=${host.value.token} npx edgewhisk host --url ${url}${shards === undefined ? "" : ` --shards ${shards}`}
`);
  return 0;
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: joined(argv, OPTIONS), options: OPTIONS, strict: true, allowPositionals: false });
}

function complain(reason: string, code: number): number {
  process.stderr.write(`edgewhisk bootstrap: ${reason}\n`);
  return code;
}
