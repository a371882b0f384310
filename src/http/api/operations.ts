// What each route of the API is for, and what goes in and out of it. A route says which of these it is (`described`); the document is made
// from what the router has.

import { SEARCH_PARAMETERS } from "../activations/search-query.ts";
import type { AppContext } from "../context.ts";
import type { DefinitionName, QueryName } from "./definitions.ts";

export interface Operation {
  summary: string;
  /** Of the path, where the router's does not show it. */
  path?: string;
  /** Of a route that takes every verb: those that mean something; the summary is followed by each. */
  verbs?: readonly string[];
  query?: readonly QueryName[];
  body?: DefinitionName;
  /** The definition of the answer, or of its items. */
  answer: DefinitionName | `${DefinitionName}[]`;
  /** No key is asked for. */
  open?: true;
}

const PAGES = ["limit", "skip", "count"] as const;
const CALL = ["blocking", "result", "timeout"] as const;
const WEB_VERBS = ["get", "post", "put", "delete", "patch", "head", "options"] as const;

export const OPERATIONS = {
  listNamespaces: { summary: "The caller's namespace", answer: "Name[]" },
  getLimits: { summary: "What the caller may use", answer: "Limits" },
  listActions: { summary: "Actions", query: PAGES, answer: "ActionMeta[]" },
  listPackagedActions: { summary: "Actions of a package", query: PAGES, answer: "ActionMeta[]" },
  getAction: { summary: "An action", query: ["code"], answer: "Action" },
  putAction: { summary: "Create or update an action", query: ["overwrite"], body: "ActionPut", answer: "Action" },
  callAction: { summary: "Call an action", query: CALL, body: "Anything", answer: "Activation" },
  deleteAction: { summary: "Delete an action", answer: "Action" },
  listPackages: { summary: "Packages", query: PAGES, answer: "PackageMeta[]" },
  getPackage: { summary: "A package or binding", answer: "Package" },
  putPackage: {
    summary: "Create or update a package or binding",
    query: ["overwrite"],
    body: "PackagePut",
    answer: "Package",
  },
  deletePackage: { summary: "Delete a package or binding", query: ["force"], answer: "Package" },
  listTriggers: { summary: "Triggers", query: PAGES, answer: "TriggerMeta[]" },
  getTrigger: { summary: "A trigger, with its rules", answer: "Trigger" },
  putTrigger: { summary: "Create or update a trigger", query: ["overwrite"], body: "TriggerPut", answer: "Trigger" },
  fireTrigger: { summary: "Fire a trigger; 204 if no rule is active", body: "Anything", answer: "ActivationId" },
  deleteTrigger: { summary: "Delete a trigger", answer: "Trigger" },
  listRules: { summary: "Rules", query: PAGES, answer: "RuleMeta[]" },
  getRule: { summary: "A rule, with its status", answer: "Rule" },
  putRule: { summary: "Create or update a rule", query: ["overwrite"], body: "RulePut", answer: "Rule" },
  switchRule: { summary: "Switch a rule on or off", body: "RuleStatus", answer: "Name" },
  deleteRule: { summary: "Delete a rule", answer: "Rule" },
  listActivations: {
    summary: "Activations",
    query: [...PAGES, "name", "since", "upto", "docs", ...SEARCH_PARAMETERS],
    answer: "ActivationMeta[]",
  },
  getStats: {
    summary: "Figures of the activations that ended, by action and by time",
    query: ["step", "name", "since", "upto"],
    answer: "Stats",
  },
  exportRecords: {
    summary: "Records as NDJSON, newest first; each page ends with a line that says where the next one begins",
    query: ["since", "upto", "cursor"],
    answer: "RecordLine",
  },
  importRecords: { summary: "Records from an export", body: "RecordLine", answer: "ImportReport" },
  getActivation: { summary: "An activation", answer: "Activation" },
  getResult: { summary: "The result of an activation", answer: "ActivationResult" },
  getLogs: { summary: "The logs of an activation", query: ["follow"], answer: "ActivationLogs" },
  callWebAction: {
    summary: "Call a web action by",
    path: "/web/{namespace}/{package}/{action}",
    verbs: WEB_VERBS,
    answer: "Anything",
    open: true,
  },
  deliverWebhook: {
    summary: "Deliver to a webhook, or ask whether one may, by",
    path: "/webhooks/{token}",
    verbs: ["post", "options"],
    body: "Anything",
    answer: "ActivationId",
    open: true,
  },
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

const OPERATION = Symbol("operation");

type Handler = (c: AppContext) => Response | Promise<Response>;

/** The handler itself, marked with what it does: a call takes no step more. A handler does one thing. */
export function described(operation: OperationName, handler: Handler): Handler {
  const before = operationOf(handler);
  if (before !== undefined && before !== operation) throw new Error(`one handler is ${before} and ${operation}`);
  return Object.assign(handler, { [OPERATION]: operation });
}

/** What a route's handler does; undefined where nobody has said it. */
export function operationOf(handler: object): OperationName | undefined {
  return (handler as { [OPERATION]?: OperationName })[OPERATION];
}
