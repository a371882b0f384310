// `edgewhisk hosts …`: the machines that run actions.

import { HostAnswer, HostDrained, HostGone, HostToken, StatusAnswer } from "../../../src/entities/administration.ts";
import { HOST_NAME, HOST_NAME_RULE, MAX_SHARDS } from "../../../src/protocol/names.ts";
import { number, toggle } from "../../program/options.ts";
import { askAndPrint, openAdmin, segment, tableOf, timeText } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, misused, refused } from "../shared/exit-codes.ts";
import { HOST_HEADINGS, hostRow } from "../shared/fleet-text.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const GROUP = "Administer a deployment";
const WANTED = "expected one host's name";
const ONE = {
  group: GROUP,
  positionals: [{ name: "host", summary: "its name", complaint: WANTED }],
  notes: ADMIN_NOTES,
} as const;

const list = defineCommand({
  name: "hosts list",
  group: GROUP,
  summary: "all hosts: how each is, why, its memory, version and security level",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  async run(call): Promise<CommandOutcome> {
    const opened = await openAdmin(call);
    if (!opened.ok) return opened;
    const reply = await opened.admin.ask("GET", "/status", { schema: StatusAnswer });
    if (!reply.ok) return refused(reply);
    const { hosts } = reply.value;
    const [heading = "", ...lines] = tableOf(HOST_HEADINGS, hosts.map(hostRow));
    call.heading(heading);
    for (const [at, host] of hosts.entries()) call.print(host, lines[at] ?? "");
    return DONE;
  },
});

const show = defineCommand({
  ...ONE,
  name: "hosts show",
  summary: "one host: its schedulers, runtimes with their digests, and what it lacks",
  options: ADMIN_OPTIONS,
  run: (call) => askAndPrint(call, ["GET", pathOf(call)], { schema: HostAnswer, text: detailText }),
});

const create = defineCommand({
  ...ONE,
  name: "hosts create",
  summary: "a token for a host, shown this once",
  options: {
    ...ADMIN_OPTIONS,
    shards: number("schedulers the host may be split over", { min: 1, max: MAX_SHARDS }),
    rotate: toggle("replace the token of a host that is there; a process that uses it is cut off"),
  },
  async run(call) {
    const [name = ""] = call.positionals;
    if (!HOST_NAME.test(name)) return misused(`${WANTED}: ${HOST_NAME_RULE}`);
    const { shards, rotate } = call.options;
    return askAndPrint(call, ["POST", "/hosts"], {
      body: { name, shards, ...(rotate ? { rotate } : {}) },
      schema: HostToken,
      text: ({ token }) => token,
    });
  },
});

const drain = defineCommand({
  ...ONE,
  name: "hosts drain",
  summary: "nothing new is started on it, what runs goes on; also after its process has started anew",
  options: ADMIN_OPTIONS,
  run: (call) => askAndPrint(call, ["POST", `${pathOf(call)}/drain`], { schema: HostDrained, text: drainText }),
});

const undrain = defineCommand({
  ...ONE,
  name: "hosts undrain",
  summary: "it takes work again",
  options: ADMIN_OPTIONS,
  run: (call) => askAndPrint(call, ["POST", `${pathOf(call)}/undrain`], { schema: HostDrained, text: drainText }),
});

const enable = defineCommand({
  ...ONE,
  name: "hosts enable",
  summary: "the same as undrain",
  options: ADMIN_OPTIONS,
  run: (call) => askAndPrint(call, ["POST", `${pathOf(call)}/enable`], { schema: HostDrained, text: drainText }),
});

const revoke = defineCommand({
  ...ONE,
  name: "hosts revoke",
  summary: "its token opens nothing any more, and its lines are cut; what runs there is lost unless it comes back",
  options: ADMIN_OPTIONS,
  run: (call) =>
    askAndPrint(call, ["DELETE", pathOf(call)], {
      schema: HostGone,
      text: ({ name }) => `${name} is not let in any more`,
    }),
});

const rename = defineCommand({
  name: "hosts rename",
  group: GROUP,
  summary: "a token for the host under another name, shown this once; under its old one it drains",
  positionals: [
    { name: "host", summary: "its name", complaint: WANTED },
    { name: "to", summary: "its new name", complaint: "expected a host's name and its new one" },
  ],
  options: ADMIN_OPTIONS,
  notes: `Start the host's process with the new token when what runs there has ended; then revoke the old name.\n${ADMIN_NOTES}`,
  async run(call) {
    const [, to = ""] = call.positionals;
    if (!HOST_NAME.test(to)) return misused(`expected a new name: ${HOST_NAME_RULE}`);
    return askAndPrint(call, ["POST", `${pathOf(call)}/rename`], {
      body: { to },
      schema: HostToken,
      text: ({ token }) => token,
    });
  },
});

export const HOST_COMMANDS = [list, show, create, drain, undrain, enable, revoke, rename];

function pathOf({ positionals }: { positionals: readonly string[] }): string {
  return `/hosts/${segment(positionals[0] ?? "")}`;
}

function drainText({ name, draining }: HostDrained): string {
  return draining ? `${name} takes nothing new; what runs there goes on` : `${name} takes work`;
}

function detailText(host: HostAnswer): string {
  const schedulers = tableOf(
    ["SCHEDULER", "READY", "MB", "USED", "RUNNING", "LAST SIGN"],
    host.schedulers.map((each) => [
      each.scheduler,
      each.unanswered === undefined ? (each.ready ? "yes" : "no") : `no answer: ${each.unanswered}`,
      ...[String(each.memory), String(each.used), String(each.running)],
      each.silence === undefined ? "" : `${(each.silence / 1_000).toFixed(1)} s ago`,
    ]),
  );
  const runtimes = tableOf(
    ["KIND", "IMAGE", "DIGEST"],
    host.runtimes.map(({ kind, image, digest }) => [kind, image, digest]),
  );
  return [
    ...tableOf(HOST_HEADINGS, [hostRow(host)]),
    "",
    `token made ${timeText(host.created)}, for ${host.shards} schedulers`,
    ...(host.labels === undefined ? [] : [`labels: ${host.labels.join(", ")}`]),
    ...(host.differs === undefined ? [] : [`differs from the others in: ${host.differs.join(", ")}`]),
    ...host.lacks.map((each) => `lacks ${each}`),
    ...["", ...schedulers, "", ...runtimes],
  ].join("\n");
}
