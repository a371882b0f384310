// `edgewhisk logs`: the log of an activation, or, with --follow, each line as it is written until the activation has ended.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type ServerEvent, serverEvents } from "../client/server-events.ts";
import { complaintOf, joined } from "../program/flags.ts";
import { originOf, whyNoAnswer } from "../program/origin.ts";

const HELP = `Usage: edgewhisk logs ACTIVATION [options]

Prints the log lines of an activation.

  --follow, -f   also of one that still runs: each line within a second of its writing, until it has ended
  --url URL      origin of the platform      EDGEWHISK_URL     else APIHOST of ~/.wskprops
  --auth KEY     the namespace's key         EDGEWHISK_AUTH    else AUTH of ~/.wskprops

Other users of a machine can read arguments: prefer the variable, or what "wsk property set" has stored.
`;

const OPTIONS = {
  follow: { type: "boolean", short: "f" },
  url: { type: "string" },
  auth: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const ID_WANTED = "expected one activation id: 32 hex digits, as in the answer of a call or in a list of activations";
/** Streams in a row that may fail before we give up, and ms between them. */
const MAX_FAILURES = 5;
const AGAIN = 1_000;
const PATIENCE = 30_000;

/** Returns the exit code. */
export async function logs(
  argv: readonly string[],
  output: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    return complain(`${complaintOf(error)}: see --help`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [id = ""] = positionals;
  if (positionals.length !== 1 || !/^[0-9a-f]{32}$/.test(id)) return complain(ID_WANTED, 2);
  const stored = wskProperties();
  const place = values.url ?? (process.env.EDGEWHISK_URL || stored.get("APIHOST") || "");
  const auth = values.auth ?? (process.env.EDGEWHISK_AUTH || stored.get("AUTH") || "");
  const ways = 'or use "wsk property set --apihost … --auth …" once';
  if (place === "")
    return complain(`which platform? Set EDGEWHISK_URL (http://… or https://…) or give --url, ${ways}`, 2);
  const url = originOf(place);
  if (url === null) return complain(`${place.slice(0, 200)}: expected the platform's origin, http://… or https://…`, 2);
  if (auth === "") return complain(`with which key? Set EDGEWHISK_AUTH (uuid:key) or give --auth, ${ways}`, 2);
  const target = {
    url: `${url}/api/v1/namespaces/_/activations/${id}/logs`,
    authorization: `Basic ${Buffer.from(auth).toString("base64")}`,
  };
  return values.follow ? follow(target, output) : once(target, output);
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: joined(argv, OPTIONS), options: OPTIONS, strict: true, allowPositionals: true });
}

type Target = { url: string; authorization: string };

async function once({ url, authorization }: Target, output: (line: string) => void): Promise<number> {
  try {
    const response = await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) return complain(await reasonOf(response), 1);
    for (const line of ((await response.json()) as { logs: string[] }).logs) output(line);
    return 0;
  } catch (error) {
    return complain(`${new URL(url).origin} does not answer: ${whyNoAnswer(url, error)}`, 1);
  }
}

async function follow({ url, authorization }: Target, output: (line: string) => void): Promise<number> {
  let last = "";
  for (let failures = 0; failures < MAX_FAILURES; failures++) {
    const headers = { authorization, accept: "text/event-stream", ...(last === "" ? {} : { "last-event-id": last }) };
    try {
      const response = await fetch(`${url}?follow=true`, { headers });
      if (response.status >= 400 && response.status < 500) return complain(await reasonOf(response), 1);
      if (response.ok && response.body !== null) {
        for await (const event of serverEvents(response.body)) {
          failures = 0;
          if (event.id !== "") last = event.id;
          if (event.type === "end") return 0;
          if (event.type === "again") last = "";
          show(event, output);
        }
      }
    } catch (error) {
      if (failures === MAX_FAILURES - 1) return complain(`${new URL(url).origin}: ${whyNoAnswer(url, error)}`, 1);
    }
    await sleep(AGAIN);
  }
  return complain("the platform ended the stream again and again", 1);
}

function show({ type, data }: ServerEvent, output: (line: string) => void): void {
  if (type === "again") process.stderr.write("edgewhisk logs: its host was lost; it runs again\n");
  else if (type === "message") output(JSON.parse(data) as string);
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error, waiting } = JSON.parse(text) as { error: string; waiting?: { since: number; reason: string } };
    if (waiting === undefined) return `${response.status}: ${error}`;
    return `it waits since ${new Date(waiting.since).toISOString()} for a host: ${waiting.reason}`;
  } catch {
    return `the platform answered ${response.status}`;
  }
}

/** What `wsk property set` has stored. */
function wskProperties(): Map<string, string> {
  try {
    const text = readFileSync(process.env.WSK_CONFIG_FILE ?? join(homedir(), ".wskprops"), "utf8");
    const pairs = text.split("\n").map((line) => /^\s*([A-Z]+)\s*=\s*(\S+)\s*$/.exec(line));
    return new Map(pairs.flatMap((pair) => (pair === null ? [] : [[pair[1] ?? "", pair[2] ?? ""]])));
  } catch {
    return new Map();
  }
}

function complain(reason: string, code: number): number {
  process.stderr.write(`edgewhisk logs: ${reason}\n`);
  return code;
}
