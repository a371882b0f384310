// What wskadmin can be asked: OpenWhisk's commands and flags.

import { LIMIT_NAMES, type LimitName, LimitValues } from "../../../src/entities/administration.ts";
import type { Flag, Grammar } from "./arguments.ts";

const integer = (text: string) => (/^\s*[+-]?\d+\s*$/.test(text) ? null : `invalid int value: '${text}'`);
const TRUTH: Readonly<Record<string, boolean>> = { yes: true, true: true, no: false, false: false };
const truth = (text: string) => (text.toLowerCase() in TRUTH ? null : `${text} is not a valid boolean.`);

export function truthOf(text: string): boolean {
  return TRUTH[text.toLowerCase()] === true;
}

function one(name: string, spellings: readonly string[], placeholder: string, summary: string): Flag {
  return { name, spellings, takes: "one", placeholder, summary };
}

function toggle(name: string, spellings: readonly string[], summary: string): Flag {
  return { name, spellings, takes: "nothing", summary };
}

const subject = (summary: string) => ({ name: "subject", summary });
const namespace = one(
  "namespace",
  ["-ns", "--namespace"],
  "NAMESPACE",
  "of this namespace alone (default: as the subject is named)",
);

/** How a limit is given: by what its values are. */
export function limitKind(name: LimitName): "number" | "kinds" | "boolean" | "size" {
  if (LimitValues.shape[name].safeParse(1).success) return "number";
  if (LimitValues.shape[name].safeParse([]).success) return "kinds";
  return LimitValues.shape[name].safeParse(true).success ? "boolean" : "size";
}

const LIMIT_FLAGS = LIMIT_NAMES.map((name): Flag => {
  const kind = limitKind(name);
  const flag = one(name, [`--${name}`], name.toUpperCase(), `the limit ${name}`);
  if (kind === "kinds") return { ...flag, takes: "several" };
  if (kind === "size") return flag;
  return { ...flag, fault: kind === "number" ? integer : truth };
});

export const COMMANDS: Readonly<Record<string, Readonly<Record<string, Grammar>>>> = {
  user: {
    create: {
      flags: [
        one("auth", ["-u", "--auth"], "AUTH", "the uuid:key to use instead of a random one"),
        namespace,
        toggle("revoke", ["-r", "--revoke"], "another key in place of the one there is"),
        toggle("force", ["-f", "--force"], "the same"),
        toggle("genonly", ["-g", "--genonly"], "print a key and store nothing"),
        toggle("silent", ["-s", "--silent"], "do not print the key"),
      ],
      places: [subject("the subject to create")],
    },
    delete: { flags: [namespace], places: [subject("the subject to delete")] },
    get: {
      flags: [namespace, toggle("all", ["-a", "--all"], "all namespaces and their keys")],
      places: [subject("the subject whose key is shown")],
    },
    whois: { flags: [], places: [{ name: "authkey", summary: "uuid:key, or the uuid" }] },
    block: { flags: [], places: [{ name: "subjects", several: true, summary: "one or more subjects" }] },
    unblock: { flags: [], places: [{ name: "subjects", several: true, summary: "one or more subjects" }] },
    list: {
      flags: [
        { ...one("pick", ["-p", "--pick"], "N", "at most so many (default 1)"), fault: integer },
        toggle("all", ["-a", "--all"], "all of them"),
        toggle("key", ["-k", "--key"], "the keys alone"),
      ],
      places: [{ name: "namespace", summary: "the namespace whose keys are listed" }],
    },
  },
  limits: {
    set: { flags: LIMIT_FLAGS, places: [{ name: "namespace", summary: "the namespace" }] },
    get: { flags: [], places: [{ name: "namespace", summary: "the namespace" }] },
    delete: { flags: [], places: [{ name: "namespace", summary: "the namespace" }] },
  },
};

/** Commands of OpenWhisk's that look into what is not here, and where that is found instead. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  db: "there is no CouchDB here: edgewhisk subject, namespace, key and limits show what is stored, wrangler d1 the tables",
  syslog: "there are no log files of components here: the platform and its hosts write theirs to standard output",
};
