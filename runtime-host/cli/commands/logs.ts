// `edgewhisk logs`: the log of an activation, or, with --follow, each line as it is written until the activation has
// ended.

import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { ApiClient, ApiFailure } from "../../client/api-client.ts";
import { type ServerEvent, serverEvents } from "../../client/server-events.ts";
import { toggle } from "../../program/options.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { type CommandFailure, type CommandOutcome, DONE, failed, misused, refused } from "../shared/exit-codes.ts";
import { openApi, PLATFORM_OPTIONS } from "../shared/platform.ts";

const ID_WANTED = "expected one activation id: 32 hex digits, as in the answer of a call or in a list of activations";
/** Streams in a row that may fail before we give up. */
const MAX_FAILURES = 5;
const PAUSE_MS = 1_000;

const Logs = z.object({ logs: z.array(z.string()) });
const Waiting = z.object({ waiting: z.object({ since: z.number(), reason: z.string() }) });

export const logs = defineCommand({
  name: "logs",
  group: "Look at what happens",
  summary: "the log of an activation, also while it runs",
  positionals: [{ name: "activation", summary: "its id: 32 hex digits", complaint: ID_WANTED }],
  options: {
    follow: toggle("also of one that still runs: each line within a second of its writing, until it has ended", {
      short: "f",
    }),
    ...PLATFORM_OPTIONS,
  },
  async run(call): Promise<CommandOutcome> {
    const [id = ""] = call.positionals;
    if (!/^[0-9a-f]{32}$/.test(id)) return misused(ID_WANTED);
    const opened = openApi(call);
    if (!opened.ok) return opened;
    const path = `/api/v1/namespaces/_/activations/${id}/logs`;
    const show = (line: string) => call.print(line, line);
    return call.options.follow
      ? follow(opened.client, path, { show, progress: call.progress })
      : once(opened.client, path, show);
  },
});

async function once(client: ApiClient, path: string, show: (line: string) => void): Promise<CommandOutcome> {
  const reply = await client.ask("GET", path, { schema: Logs });
  if (!reply.ok) return failureOf(reply);
  for (const line of reply.value.logs) show(line);
  return DONE;
}

async function follow(
  client: ApiClient,
  path: string,
  { show, progress }: { show: (line: string) => void } & Pick<Call, "progress">,
): Promise<CommandOutcome> {
  let last = "";
  let reason = "the platform ended the stream again and again";
  for (let failures = 0; failures < MAX_FAILURES; failures++) {
    if (failures > 0) await sleep(PAUSE_MS);
    const resumed: Record<string, string> = last === "" ? {} : { "last-event-id": last };
    const opened = await client.open(`${path}?follow=true`, { accept: "text/event-stream", ...resumed });
    if (!opened.ok) {
      if (opened.status >= 400 && opened.status < 500) return failureOf(opened);
      reason = opened.reason;
      continue;
    }
    try {
      for await (const event of serverEvents(opened.value)) {
        failures = 0;
        if (event.id !== "") last = event.id;
        if (event.type === "end") return DONE;
        if (event.type === "again") last = "";
        say(event, { show, progress });
      }
    } catch (error) {
      reason = `${client.url}: ${(error as Error).message}`;
    }
  }
  return failed(reason);
}

function say(
  { type, data }: ServerEvent,
  { show, progress }: { show: (line: string) => void } & Pick<Call, "progress">,
): void {
  if (type === "again") progress("its host was lost; it runs again");
  else if (type === "message") show(z.string().parse(JSON.parse(data)));
}

/** One that waits is there, though it has no record yet: the platform says since when, and why. */
function failureOf(reply: ApiFailure): CommandFailure {
  const waiting = Waiting.safeParse(reply.body);
  if (!waiting.success) return refused(reply);
  const { since, reason } = waiting.data.waiting;
  return failed(`it waits since ${new Date(since).toISOString()} for a host: ${reason}`);
}
