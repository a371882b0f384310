// `edgewhisk namespace …`: what keys open.

import { NamespaceItem } from "../../../src/entities/administration.ts";
import { askAndPrint, printAll, segment } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { misused } from "../shared/exit-codes.ts";
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

export const NAMESPACE_COMMANDS = [create, list, get, block, unblock];

function pathOf({ positionals }: { positionals: readonly string[] }): string {
  return `/namespaces/${segment(positionals[0] ?? "")}`;
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
