// `edgewhisk limits …`: what a namespace may use, where it is not what the system gives to all.

import { LIMIT_NAMES, LimitsAnswer } from "../../../src/entities/administration.ts";
import { repeated, toggle } from "../../program/options.ts";
import { askAndPrint, segment } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { misused } from "../shared/exit-codes.ts";
import { LIMIT_WORD, limitsText } from "../shared/limit-options.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const COMMON = {
  group: "Administer a deployment",
  positionals: [{ name: "namespace", summary: "its name", complaint: "expected one namespace" }],
} as const;

const set = defineCommand({
  ...COMMON,
  name: "limits set",
  summary: "change limits of a namespace; the others stay as they are",
  options: {
    ...ADMIN_OPTIONS,
    limit: repeated(LIMIT_WORD, "NAME=VALUE", "one limit, again for each; NAME= takes one away"),
    replace: toggle("instead of all limits it has"),
  },
  notes: `Limits: ${LIMIT_NAMES.slice(0, 8).join(", ")},\n${LIMIT_NAMES.slice(8).join(", ")}.\n${ADMIN_NOTES}`,
  async run(call) {
    const { limit = [], replace } = call.options;
    if (limit.length === 0 && !replace) return misused("which limits? Give --limit NAME=VALUE, again for each");
    const limits = Object.fromEntries(replace ? limit.filter(([, value]) => value !== null) : limit);
    return askAndPrint(call, [replace ? "PUT" : "PATCH", pathOf(call)], { body: limits, schema: LimitsAnswer, text });
  },
});

const get = defineCommand({
  ...COMMON,
  name: "limits get",
  summary: "the limits a namespace has of its own",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  run: (call) => askAndPrint(call, ["GET", pathOf(call)], { schema: LimitsAnswer, text }),
});

const remove = defineCommand({
  ...COMMON,
  name: "limits delete",
  summary: "take all limits of its own from a namespace",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  run: (call) => askAndPrint(call, ["DELETE", pathOf(call)], { schema: LimitsAnswer, text }),
});

export const LIMITS_COMMANDS = [set, get, remove];

function pathOf({ positionals }: { positionals: readonly string[] }): string {
  return `/namespaces/${segment(positionals[0] ?? "")}/limits`;
}

function text({ namespace, limits }: { namespace: string; limits: Parameters<typeof limitsText>[0] }): string {
  const own = limitsText(limits);
  return own.length === 0 ? `${namespace} has no limits of its own: those of the system hold` : own.join("\n");
}
