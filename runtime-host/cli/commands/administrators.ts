// `edgewhisk administrator …`: who administers a deployment beside whoever holds ADMIN_TOKEN.

import { AdministratorItem, AdministratorToken } from "../../../src/entities/administration.ts";
import { ADMIN_ROLES } from "../../../src/entities/administrator.ts";
import { checkedText, choice, toggle } from "../../program/options.ts";
import { askAndPrint, printAll, segment, timeText } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { misused } from "../shared/exit-codes.ts";
import { END, KEY_NAME } from "../shared/key-options.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const GROUP = "Administer a deployment";
const WHEN = "ISO 8601, or 90d, 12h, 30m from now";
const ROLE_TEXT = "auditor (look), operator (hosts, records, limits, blocking too) or admin (everything)";
const ONE = {
  group: GROUP,
  positionals: [{ name: "name", summary: "of the administrator", complaint: "expected one administrator's name" }],
  notes: ADMIN_NOTES,
} as const;

const create = defineCommand({
  ...ONE,
  name: "administrator create",
  summary: "an administrator with a token of his own; shown this once",
  options: {
    ...ADMIN_OPTIONS,
    role: choice(ADMIN_ROLES, ROLE_TEXT, { placeholder: "ROLE", default: "auditor" }),
    ends: checkedText(END, "TIME", `when the token ends: ${WHEN}`, { defaultText: "never" }),
  },
  async run(call) {
    const [name = ""] = call.positionals;
    if (!KEY_NAME.safeParse(name).success) return misused(`expected a name, not ${name.slice(0, 100)}`);
    const { role, ends } = call.options;
    return askAndPrint(call, ["POST", "/administrators"], {
      body: { name, role, ends },
      schema: AdministratorToken,
      text: ({ token }) => token,
    });
  },
});

const list = defineCommand({
  name: "administrator list",
  group: GROUP,
  summary: "who administers the deployment, beside whoever holds ADMIN_TOKEN",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  run: (call) =>
    printAll(call, "/administrators", {
      item: AdministratorItem,
      shown: { headings: ["NAME", "ROLE", "STATE"], row: (each) => [each.name, each.role, stateOf(each)] },
    }),
});

const change = defineCommand({
  ...ONE,
  name: "administrator change",
  summary: "give an administrator another role or another end",
  options: {
    ...ADMIN_OPTIONS,
    role: choice(ADMIN_ROLES, ROLE_TEXT, { placeholder: "ROLE" }),
    ends: checkedText(END, "TIME", `when the token ends: ${WHEN}`),
    endless: toggle("it has no end"),
  },
  async run(call) {
    const { role, endless } = call.options;
    const ends = endless ? null : call.options.ends;
    if (role === undefined && ends === undefined) return misused("what changes? Give --role, --ends or --endless");
    return askAndPrint(call, ["PATCH", pathOf(call)], { body: { role, ends }, schema: AdministratorItem, text: line });
  },
});

const rotate = defineCommand({
  ...ONE,
  name: "administrator rotate",
  summary: "a new token in place of the old one, which opens nothing from this answer on; shown this once",
  options: ADMIN_OPTIONS,
  run: (call) =>
    askAndPrint(call, ["POST", `${pathOf(call)}/rotate`], { schema: AdministratorToken, text: ({ token }) => token }),
});

const remove = defineCommand({
  ...ONE,
  name: "administrator delete",
  summary: "the token opens nothing from this answer on",
  options: ADMIN_OPTIONS,
  run: (call) =>
    askAndPrint(call, ["DELETE", pathOf(call)], {
      schema: AdministratorItem,
      text: ({ name }) => `${name} administers nothing any more`,
    }),
});

export const ADMINISTRATOR_COMMANDS = [create, list, change, rotate, remove];

function pathOf({ positionals }: { positionals: readonly string[] }): string {
  return `/administrators/${segment(positionals[0] ?? "")}`;
}

function stateOf({ ends, good }: AdministratorItem): string {
  return ends === null ? "good" : `${good ? "until" : "ended"} ${timeText(ends)}`;
}

function line(administrator: AdministratorItem): string {
  return `${administrator.name}, ${administrator.role}: ${stateOf(administrator)}`;
}
