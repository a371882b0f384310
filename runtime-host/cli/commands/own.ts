// `edgewhisk own …`: what the owner of a namespace decides for it with his own key. No administrator is asked.

import * as z from "zod";
import { IssuedKey, KeyItem, RotationAnswer, SecretItem } from "../../../src/entities/administration.ts";
import { ROLES } from "../../../src/entities/rights.ts";
import { checkedText, choice, repeated, text } from "../../program/options.ts";
import {
  type AdminCall,
  askAndPrint,
  type Door,
  printAll,
  segment,
  tableOf,
  timeText,
} from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { misused } from "../shared/exit-codes.ts";
import {
  askForwarding,
  EVENT_NOTES,
  FORWARDING_NOTES,
  FORWARDING_OPTIONS,
  RECEIVER_OPTIONS,
} from "../shared/forwarding.ts";
import { CHANGES, changesOf, END, KEY_NAME, OVERLAP, SCOPE, WHAT_NAMES, WHEN } from "../shared/key-options.ts";
import { keyLine, roleOf, stateOf } from "../shared/key-text.ts";
import { openApi, PLATFORM_OPTIONS } from "../shared/platform.ts";
import { askRetention, askUsage, RETENTION_NOTES, RETENTION_OPTIONS, USAGE_NOTES } from "../shared/retention.ts";

const GROUP = "Own a namespace";
const ROOT = "/api/v1/namespaces/_";
const NOTES = "The namespace is that of the key, which must be an owner's and have no scope.";
const ENDS = "as the key that asks";
const WANTED = "expected one key's id: the part before its colon, as in edgewhisk own keys";
const ONE = {
  group: GROUP,
  positionals: [{ name: "id", summary: "the part of the key before its colon", complaint: WANTED }],
  notes: NOTES,
} as const;

/** By the namespace's key. */
const door: Door<AdminCall> = async (call) => {
  const opened = openApi(call);
  if (!opened.ok) return opened;
  const { client } = opened;
  const ask: typeof client.ask = (method, path, options) => client.ask(method, `${ROOT}${path}`, options);
  return { ok: true, admin: { url: client.url, ask } };
};

const keys = defineCommand({
  name: "own keys",
  group: GROUP,
  summary: "the keys of the namespace, without their secrets",
  options: PLATFORM_OPTIONS,
  notes: NOTES,
  run: (call) =>
    printAll(call, "/keys", {
      door,
      item: KeyItem,
      shown: {
        headings: ["ID", "NAME", "SUBJECT", "ROLE", "STATE"],
        row: (key) => [key.id, key.name, key.subject, roleOf(key), stateOf(key)],
      },
    }),
});

const issue = defineCommand({
  name: "own issue",
  group: GROUP,
  summary: "another key to the namespace; shown this once",
  positionals: [{ name: "name", summary: "of the key", complaint: "expected a name for the key" }],
  options: {
    ...PLATFORM_OPTIONS,
    role: choice(ROLES, `what it is for: ${ROLES.join(", ")}`, { placeholder: "ROLE", default: "developer" }),
    scope: repeated(SCOPE, "PATTERN", `${WHAT_NAMES}; all if not given`),
    ends: checkedText(END, "TIME", `when it ends: ${WHEN}`, { defaultText: ENDS }),
    subject: text("NAME", "whose it is", { defaultText: "that of the key that asks" }),
  },
  notes: `${NOTES} No key lasts longer than the one that asks for it.`,
  async run(call) {
    const [name = ""] = call.positionals;
    if (!KEY_NAME.safeParse(name).success) return misused(`expected a name for the key, not ${name.slice(0, 100)}`);
    const { role, scope, ends, subject } = call.options;
    const body = { name, role, ends, subject, ...(scope.length === 0 ? {} : { scope }) };
    return askAndPrint(call, ["POST", "/keys"], { door, body, schema: IssuedKey, text: ({ key }) => key });
  },
});

const change = defineCommand({
  ...ONE,
  name: "own change",
  summary: "give a key another name, end, role or scope",
  options: { ...PLATFORM_OPTIONS, ...CHANGES },
  async run(call) {
    const asked = changesOf(call.options);
    if ("reason" in asked) return asked;
    return askAndPrint(call, ["PATCH", pathOf(call)], { door, body: asked.body, schema: KeyItem, text: keyLine });
  },
});

const rotate = defineCommand({
  ...ONE,
  name: "own rotate",
  summary: "a new key in place of this one, which stays good for a while; shown this once",
  options: {
    ...PLATFORM_OPTIONS,
    overlap: checkedText(OVERLAP, "TIME", "how long the old one stays good, e.g. 24h", {
      default: 0,
      defaultText: "0s",
    }),
  },
  run(call) {
    const { overlap } = call.options;
    const asked = { door, body: { overlap }, schema: RotationAnswer, text: ({ key }: { key: string }) => key };
    return askAndPrint(call, ["POST", `${pathOf(call)}/rotate`], asked);
  },
});

const revoke = defineCommand({
  ...ONE,
  name: "own revoke",
  summary: "the key opens nothing from this answer on",
  options: PLATFORM_OPTIONS,
  run: (call) =>
    askAndPrint(call, ["DELETE", pathOf(call)], { door, schema: KeyItem, text: (key) => `${key.id} is revoked` }),
});

const usage = defineCommand({
  name: "own usage",
  group: GROUP,
  summary: "how many records the namespace has, and their bytes, by where they are",
  options: PLATFORM_OPTIONS,
  notes: `${USAGE_NOTES}

${NOTES}`,
  run: (call) => askUsage(call, "/usage", door),
});

const retention = defineCommand({
  name: "own retention",
  group: GROUP,
  summary: "how long the namespace's records are kept; with bounds, sets them",
  options: { ...PLATFORM_OPTIONS, ...RETENTION_OPTIONS },
  notes: `${RETENTION_NOTES}

${NOTES}`,
  run: (call) => askRetention(call, "/retention", door),
});

const forward = defineCommand({
  name: "own forward",
  group: GROUP,
  summary: "to where the namespace's records are sent as they are made, and how that stands",
  options: { ...PLATFORM_OPTIONS, ...FORWARDING_OPTIONS },
  notes: `${FORWARDING_NOTES}

${NOTES}`,
  run: (call) => askForwarding(call, "/forwarding", { door }),
});

const events = defineCommand({
  name: "own events",
  group: GROUP,
  summary: "to where the namespace's user events are sent as they happen, and how that stands",
  options: { ...PLATFORM_OPTIONS, ...RECEIVER_OPTIONS },
  notes: `${EVENT_NOTES}

${NOTES}`,
  run: (call) => askForwarding(call, "/events", { door, noun: "user events" }),
});

const secrets = defineCommand({
  name: "own secrets",
  group: GROUP,
  summary: "what secrets are kept for the namespace; never themselves",
  options: PLATFORM_OPTIONS,
  notes: NOTES,
  run: (call) =>
    askAndPrint(call, ["GET", "/secrets"], {
      door,
      schema: z.array(SecretItem),
      text: (all) =>
        tableOf(
          ["PURPOSE", "OF", "SINCE"],
          all.map(({ purpose, of, created }) => [purpose, of ?? "the namespace", timeText(created)]),
        ).join("\n"),
    }),
});

export const OWN_COMMANDS = [keys, issue, change, rotate, revoke, retention, usage, forward, events, secrets];

function pathOf({ positionals }: { positionals: readonly string[] }): string {
  return `/keys/${segment(positionals[0] ?? "")}`;
}
