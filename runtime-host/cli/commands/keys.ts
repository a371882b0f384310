// `edgewhisk key …`: single keys, each with a name and an end. Secrets come in by standard input, never as an argument.

import { IdentityAnswer, KeyItem, RotationAnswer } from "../../../src/entities/administration.ts";
import { ROLES } from "../../../src/entities/rights.ts";
import { checkedText, choice, repeated, text, toggle } from "../../program/options.ts";
import { askAndPrint, printAll, segment } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { misused } from "../shared/exit-codes.ts";
import {
  CHANGES,
  changesOf,
  END,
  KEY_NAME,
  NAMESPACE,
  OVERLAP,
  SCOPE,
  WHAT_NAMES,
  WHEN,
} from "../shared/key-options.ts";
import { keyLine, roleOf, stateOf } from "../shared/key-text.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const GROUP = "Administer a deployment";
const WANTED = "expected one key's id: the part before its colon, as in edgewhisk key list";
const ONE = {
  group: GROUP,
  positionals: [{ name: "id", summary: "the part of the key before its colon", complaint: WANTED }],
  notes: ADMIN_NOTES,
} as const;

const issue = defineCommand({
  name: "key issue",
  group: GROUP,
  summary: "another key of a subject to a namespace; shown this once",
  positionals: [
    { name: "subject", summary: "whose", complaint: "expected a subject and a name for the key" },
    { name: "name", summary: "of the key", complaint: "expected a subject and a name for the key" },
  ],
  options: {
    ...ADMIN_OPTIONS,
    namespace: checkedText(NAMESPACE, "NAME", "the namespace", { defaultText: "as the subject is named" }),
    ends: checkedText(END, "TIME", `when it ends: ${WHEN}`, { defaultText: "never" }),
    role: choice(ROLES, `what it is for: ${ROLES.join(", ")}`, { placeholder: "ROLE", default: "owner" }),
    scope: repeated(SCOPE, "PATTERN", `${WHAT_NAMES}; all if not given`),
  },
  notes: ADMIN_NOTES,
  async run(call) {
    const [subject = "", name = ""] = call.positionals;
    if (!KEY_NAME.safeParse(name).success) return misused(`expected a name for the key, not ${name.slice(0, 100)}`);
    const { namespace, ends, role, scope } = call.options;
    return askAndPrint(call, ["POST", "/identities"], {
      body: { subject, name, namespace, ends, role, ...(scope.length === 0 ? {} : { scope }) },
      schema: IdentityAnswer,
      text: ({ key }) => key,
    });
  },
});

const list = defineCommand({
  name: "key list",
  group: GROUP,
  summary: "the keys of a subject or to a namespace",
  options: {
    ...ADMIN_OPTIONS,
    subject: text("NAME", "of this subject"),
    namespace: text("NAME", "to this namespace"),
    secrets: toggle("with the keys themselves"),
  },
  notes: ADMIN_NOTES,
  async run(call) {
    const { subject, namespace, secrets } = call.options;
    if (subject === undefined && namespace === undefined)
      return misused("whose keys? Give --subject, --namespace or both");
    const query = new URLSearchParams({
      secrets: String(secrets),
      ...(subject === undefined || namespace === undefined ? {} : { namespace }),
    });
    const owner = subject === undefined ? `/namespaces/${segment(namespace ?? "")}` : `/identities/${segment(subject)}`;
    return printAll(call, `${owner}/keys?${query}`, {
      item: KeyItem,
      shown: {
        headings: [secrets ? "KEY" : "ID", "NAME", "SUBJECT", "NAMESPACE", "ROLE", "STATE"],
        row: (key) => [
          secrets ? (key.key ?? `${key.id}:(no secret at hand opens it)`) : key.id,
          ...[key.name, key.subject, key.namespace, roleOf(key), stateOf(key)],
        ],
      },
    });
  },
});

const change = defineCommand({
  ...ONE,
  name: "key change",
  summary: "give a key another name, end, role or scope",
  options: { ...ADMIN_OPTIONS, ...CHANGES },
  async run(call) {
    const asked = changesOf(call.options);
    if ("reason" in asked) return asked;
    return askAndPrint(call, ["PATCH", pathOf(call)], { body: asked.body, schema: KeyItem, text: keyLine });
  },
});

const rotate = defineCommand({
  ...ONE,
  name: "key rotate",
  summary: "a new key in place of this one, which stays good for a while; shown this once",
  options: {
    ...ADMIN_OPTIONS,
    overlap: checkedText(OVERLAP, "TIME", "how long the old one stays good, e.g. 24h", {
      default: 0,
      defaultText: "0s",
    }),
    ends: checkedText(END, "TIME", `when the new one ends: ${WHEN}`, { defaultText: "as the old one" }),
  },
  run(call) {
    const { overlap, ends } = call.options;
    return askAndPrint(call, ["POST", `${pathOf(call)}/rotate`], {
      body: { overlap, ends },
      schema: RotationAnswer,
      text: ({ key }) => key,
    });
  },
});

const revoke = defineCommand({
  ...ONE,
  name: "key revoke",
  summary: "the key opens nothing from this answer on",
  options: ADMIN_OPTIONS,
  run: (call) =>
    askAndPrint(call, ["DELETE", pathOf(call)], { schema: KeyItem, text: (key) => `${key.id} is revoked` }),
});

const whois = defineCommand({
  name: "key whois",
  group: GROUP,
  summary: "whose a key is; it is read from standard input",
  options: ADMIN_OPTIONS,
  notes: `The admin token has to come from elsewhere: ${ADMIN_NOTES}`,
  async run(call) {
    const key = await call.io.readSecret("KEY");
    if (key === "") return misused("which key? Give it on standard input");
    return askAndPrint(call, ["POST", "/whois"], { body: { key }, schema: KeyItem, text: keyLine });
  },
});

export const KEY_COMMANDS = [issue, list, change, rotate, revoke, whois];

function pathOf({ positionals }: { positionals: readonly string[] }): string {
  return `/keys/${segment(positionals[0] ?? "")}`;
}
