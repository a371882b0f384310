// `edgewhisk namespace …`: what keys open.

import { setTimeout as sleep } from "node:timers/promises";
import { ContentsAnswer, DeletionAnswer, NamespaceItem } from "../../../src/entities/administration.ts";
import { text, toggle } from "../../program/options.ts";
import { askAndPrint, openAdmin, printAll, segment, timeText } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, misused, refused } from "../shared/exit-codes.ts";
import { NAMESPACE } from "../shared/key-options.ts";
import { limitsText } from "../shared/limit-options.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const WANTED = "expected one namespace";
const COMMON = {
  group: "Administer a deployment",
  positionals: [{ name: "namespace", summary: "its name", complaint: WANTED }],
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
} as const;

const create = defineCommand({
  ...COMMON,
  name: "namespace create",
  summary: "make a namespace nobody has a key to yet",
  async run(call) {
    const [name = ""] = call.positionals;
    if (!NAMESPACE.safeParse(name).success) return misused(WANTED);
    return askAndPrint(call, ["POST", "/namespaces"], { body: { name }, schema: NamespaceItem, text: standing });
  },
});

const list = defineCommand({
  name: "namespace list",
  group: "Administer a deployment",
  summary: "all namespaces",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  run: (call) =>
    printAll(call, "/namespaces", {
      item: NamespaceItem,
      shown: {
        headings: ["NAMESPACE", "STATE", "SUBJECTS", "KEYS", "ID", "LIMITS"],
        row: (each) => [
          ...[each.name, stateOf(each), String(each.subjects), String(each.keys), each.id],
          limitsText(each.limits).join(", "),
        ],
      },
    }),
});

const get = defineCommand({
  ...COMMON,
  name: "namespace get",
  summary: "a namespace: its id, its state, who has keys, its limits",
  run: (call) => askAndPrint(call, ["GET", pathOf(call)], { schema: NamespaceItem, text: standing }),
});

const block = defineCommand({
  ...COMMON,
  name: "namespace block",
  summary: "no key opens it from this answer on, and what waits in it ends",
  run: (call) => askAndPrint(call, ["POST", `${pathOf(call)}/block`], { schema: NamespaceItem, text: standing }),
});

const unblock = defineCommand({
  ...COMMON,
  name: "namespace unblock",
  summary: "its keys open it again",
  run: (call) => askAndPrint(call, ["POST", `${pathOf(call)}/unblock`], { schema: NamespaceItem, text: standing }),
});

const remove = defineCommand({
  ...COMMON,
  name: "namespace delete",
  summary: "delete a namespace with all that is in it; without --confirm it only says what that is",
  options: {
    ...ADMIN_OPTIONS,
    confirm: text("NAME", "the namespace's name once more"),
    wait: toggle("until all is gone that does not run any more"),
  },
  notes: `At once: its keys; what waits in it ends. Within minutes: actions, packages, triggers, rules, schedules, records, code.
What runs goes on to its end, and what it leaves goes after the longest run: then the name may be had again.
${ADMIN_NOTES}`,
  async run(call): Promise<CommandOutcome> {
    const [name = ""] = call.positionals;
    const opened = await openAdmin(call);
    if (!opened.ok) return opened;
    const { admin } = opened;
    const { confirm, wait } = call.options;
    if (confirm === undefined) {
      const contents = await admin.ask("GET", `${pathOf(call)}/contents`, { schema: ContentsAnswer });
      if (!contents.ok) return refused(contents);
      call.print(contents.value, contentsText(contents.value));
      return misused(`nothing was deleted: to delete it, say --confirm ${name}`);
    }
    if (confirm !== name) return misused(`--confirm ${confirm} is not ${name}: nothing was deleted`);
    let reply = await admin.ask("DELETE", pathOf(call), { body: { confirm }, schema: DeletionAnswer });
    while (reply.ok && wait && reply.value.stage !== "late" && reply.value.stage !== "done") {
      await sleep(1_000);
      reply = await admin.ask("GET", `${pathOf(call)}/deletion`, { schema: DeletionAnswer });
    }
    if (!reply.ok) return refused(reply);
    call.print(reply.value, deletionText(reply.value));
    return DONE;
  },
});

const deletion = defineCommand({
  ...COMMON,
  name: "namespace deletion",
  summary: "how far the deletion of a namespace is",
  run: (call) => askAndPrint(call, ["GET", `${pathOf(call)}/deletion`], { schema: DeletionAnswer, text: deletionText }),
});

export const NAMESPACE_COMMANDS = [create, list, get, block, unblock, remove, deletion];

function pathOf({ positionals }: { positionals: readonly string[] }): string {
  return `/namespaces/${segment(positionals[0] ?? "")}`;
}

function contentsText({ namespace, keys, entities, records, schedules }: ContentsAnswer): string {
  const counted = Object.entries(entities).map(([type, n]) => `${n} ${type}${n === 1 ? "" : "s"}`);
  const all = [`${keys} keys`, ...counted, `${records} records of activations`];
  return `${namespace}: ${all.join(", ")}${schedules === 0 ? "" : ", schedules"}`;
}

function deletionText({ namespace, stage, gone, free, ended }: DeletionAnswer): string {
  const { keys, entities, records } = gone;
  const counts = `${keys} keys, ${entities} entities and ${records} records are gone`;
  if (ended !== null) return `${namespace} is deleted: ${counts}`;
  const rest = stage === "late" ? "what still runs goes when it has ended" : "the rest goes within minutes";
  return `${namespace} is being deleted: ${counts}; ${rest}. Its name is free after ${timeText(free)}`;
}

function stateOf({ state, open }: NamespaceItem): string {
  return state === "open" && !open ? "nobody has a key" : state;
}

function standing(namespace: NamespaceItem): string {
  const { name, id, subjects, keys, limits } = namespace;
  const own = limitsText(limits);
  return [
    `${name}: ${stateOf(namespace)}`,
    `  id        ${id}`,
    `  subjects  ${subjects} with ${keys} keys`,
    `  limits    ${own.length === 0 ? "none of its own" : own.join(", ")}`,
  ].join("\n");
}
