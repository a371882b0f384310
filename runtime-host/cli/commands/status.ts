// `edgewhisk status`, `waiting` and `top`: the platform at a glance, once or again and again.

import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { StatusAnswer, WaitingItem } from "../../../src/entities/administration.ts";
import { number } from "../../program/options.ts";
import { askAndPrint, openAdmin } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, failed, refused } from "../shared/exit-codes.ts";
import { statusText, waitingLines } from "../shared/fleet-text.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const GROUP = "Look at what happens";
/** Clears the screen and goes home. */
const CLEAR = "\u001b[2J\u001b[H";
const MAX_TIMES = 1_000_000;
/** Answers in a row that may fail before we give up. */
const MAX_FAILURES = 5;
const Waiting = z.object({ items: z.array(WaitingItem), more: z.boolean() });

const status = defineCommand({
  name: "status",
  group: GROUP,
  summary: "hosts, what waits and why, and how large the stores are; fails where no host is up",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  async run(call): Promise<CommandOutcome> {
    const opened = await openAdmin(call);
    if (!opened.ok) return opened;
    const reply = await opened.admin.ask("GET", "/status", { schema: StatusAnswer });
    if (!reply.ok) return refused(reply);
    call.print(reply.value, statusText(reply.value));
    return reply.value.hosts.some(({ state }) => state === "up") ? DONE : failed("no host is up: nothing can run");
  },
});

const waiting = defineCommand({
  name: "waiting",
  group: GROUP,
  summary: "what waits, where, since when and why",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  run: (call) =>
    askAndPrint(call, ["GET", "/waiting"], {
      schema: Waiting,
      text: ({ items, more }) => waitingLines(items, more).join("\n"),
    }),
});

const top = defineCommand({
  name: "top",
  group: GROUP,
  summary: "the same as status, again and again until it is stopped",
  options: {
    ...ADMIN_OPTIONS,
    every: number("between two looks", { min: 1, max: 3_600 }, { default: 2, unit: "s" }),
    times: number("looks, then it ends", { min: 1, max: MAX_TIMES }, { defaultText: "until it is stopped" }),
  },
  notes: ADMIN_NOTES,
  async run(call): Promise<CommandOutcome> {
    const opened = await openAdmin(call);
    if (!opened.ok) return opened;
    const { every, times = Number.POSITIVE_INFINITY } = call.options;
    for (let look = 0, failures = 0; look < times; look++) {
      if (look > 0) await sleep(every * 1_000);
      const reply = await opened.admin.ask("GET", "/status", { schema: StatusAnswer });
      if (reply.ok) {
        failures = 0;
        const when = new Date(reply.value.at).toISOString();
        call.print(reply.value, `${CLEAR}${when}  ${statusText(reply.value)}`);
        continue;
      }
      // A platform that is upgraded comes back; who may not look, or is not let in, does not.
      if (reply.status === 401 || reply.status === 403 || ++failures >= MAX_FAILURES) return refused(reply);
      call.progress(reply.reason);
    }
    return DONE;
  },
});

export const STATUS_COMMANDS = [status, waiting, top];
