// `edgewhisk subject …`: who may come in.

import { IdentityAnswer, Subject, SubjectAnswer, SubjectItem } from "../../../src/entities/administration.ts";
import { checkedText, text } from "../../program/options.ts";
import { askAndPrint, printAll, segment, timeText } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { misused } from "../shared/exit-codes.ts";
import { END, KEY_NAME, NAMESPACE } from "../shared/key-options.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const WANTED = "expected one subject: a name of at least 5 characters";
const POSITIONAL = [{ name: "subject", summary: "its name", complaint: WANTED }];
const COMMON = { group: "Administer a deployment", positionals: POSITIONAL, notes: ADMIN_NOTES } as const;

const create = defineCommand({
  ...COMMON,
  name: "subject create",
  summary: "give a subject a key to a namespace; both are made where they are not there",
  options: {
    ...ADMIN_OPTIONS,
    namespace: checkedText(NAMESPACE, "NAME", "the namespace", { defaultText: "as the subject is named" }),
    "key-name": checkedText(KEY_NAME, "NAME", "tells the key from others of the subject", { default: "default" }),
    ends: checkedText(END, "TIME", "when it ends: ISO 8601, or 90d, 12h, 30m from now", { defaultText: "never" }),
  },
  async run(call) {
    const [subject = ""] = call.positionals;
    if (!Subject.safeParse(subject).success) return misused(WANTED);
    const { namespace, "key-name": name, ends } = call.options;
    return askAndPrint(call, ["POST", "/identities"], {
      body: { subject, namespace, name, ends },
      schema: IdentityAnswer,
      text: ({ key }) => key,
    });
  },
});

const list = defineCommand({
  name: "subject list",
  group: "Administer a deployment",
  summary: "all subjects",
  options: ADMIN_OPTIONS,
  notes: ADMIN_NOTES,
  run: (call) =>
    printAll(call, "/identities", {
      item: SubjectItem,
      shown: {
        headings: ["SUBJECT", "NAMESPACES", "KEYS", "CREATED", "BLOCKED"],
        row: (each) => [
          ...[each.subject, String(each.namespaces), String(each.keys), timeText(each.created)],
          each.blocked ? "blocked" : "",
        ],
      },
    }),
});

const get = defineCommand({
  ...COMMON,
  name: "subject get",
  summary: "a subject and its namespaces",
  options: ADMIN_OPTIONS,
  run: (call) => askAndPrint(call, ["GET", pathOf(call)], { schema: SubjectAnswer, text: standing }),
});

const block = defineCommand({
  ...COMMON,
  name: "subject block",
  summary: "its keys open nothing from this answer on, and what waits in its name ends",
  options: ADMIN_OPTIONS,
  run: (call) => askAndPrint(call, ["POST", `${pathOf(call)}/block`], { schema: SubjectAnswer, text: standing }),
});

const unblock = defineCommand({
  ...COMMON,
  name: "subject unblock",
  summary: "its keys open what they did before",
  options: ADMIN_OPTIONS,
  run: (call) => askAndPrint(call, ["POST", `${pathOf(call)}/unblock`], { schema: SubjectAnswer, text: standing }),
});

const remove = defineCommand({
  ...COMMON,
  name: "subject delete",
  summary: "take all its keys away, or those to one namespace; namespaces keep what is in them",
  options: { ...ADMIN_OPTIONS, namespace: text("NAME", "its keys to this one alone", { defaultText: "all" }) },
  run(call) {
    const { namespace } = call.options;
    const query = namespace === undefined ? "" : `?namespace=${encodeURIComponent(namespace)}`;
    return askAndPrint(call, ["DELETE", `${pathOf(call)}${query}`], {
      schema: SubjectAnswer,
      text: ({ subject, namespaces }) => `${subject} has no key any more to ${namesOf(namespaces) || "anything"}`,
    });
  },
});

export const SUBJECT_COMMANDS = [create, list, get, block, unblock, remove];

function pathOf({ positionals }: { positionals: readonly string[] }): string {
  return `/identities/${segment(positionals[0] ?? "")}`;
}

function standing({ subject, blocked, namespaces }: SubjectAnswer): string {
  return `${subject}${blocked ? " is blocked" : ""}: ${namesOf(namespaces) || "no namespace"}`;
}

function namesOf(namespaces: SubjectAnswer["namespaces"]): string {
  return namespaces.map(({ name, open }) => (open ? name : `${name} (nobody can open it)`)).join(", ");
}
