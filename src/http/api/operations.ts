// What each route of the API is for, and what goes in and out of it. A route says which of these it is (`described`);
// the document is made from what the router has.

import { SEARCH_PARAMETERS } from "../activations/search-query.ts";
import type { AppContext } from "../context.ts";
import type { Needs } from "../needs.ts";
import { guarded } from "../permission.ts";
import type { DefinitionName, QueryName } from "./definitions.ts";

export interface Operation {
  /** Null: no key is asked for. */
  needs: Needs | null;
  summary: string;
  /** Of the path, where the router's does not show it. */
  path?: string;
  /** Of a route that takes every verb: those that mean something; the summary is followed by each. */
  verbs?: readonly string[];
  query?: readonly QueryName[];
  body?: DefinitionName;
  /** The definition of the answer, or of its items. */
  answer: DefinitionName | `${DefinitionName}[]`;
}

const PAGES = ["limit", "skip", "count"] as const;
const CALL = ["blocking", "result", "timeout"] as const;
/** The owner's alone, with a key that has no scope. */
const OWN = { right: "own", of: "all" } as const satisfies Needs;
const WEB_VERBS = ["get", "post", "put", "delete", "patch", "head", "options"] as const;

export const OPERATIONS = {
  listNamespaces: { needs: { right: "enter", of: "nothing" }, summary: "The caller's namespace", answer: "Name[]" },
  getLimits: { needs: { right: "enter", of: "nothing" }, summary: "What the caller may use", answer: "Limits" },
  listActions: { needs: { right: "read", of: "list" }, summary: "Actions", query: PAGES, answer: "ActionMeta[]" },
  listPackagedActions: {
    needs: { right: "read", of: "list" },
    summary: "Actions of a package",
    query: PAGES,
    answer: "ActionMeta[]",
  },
  getAction: { needs: { right: "read", of: "action" }, summary: "An action", query: ["code"], answer: "Action" },
  putAction: {
    needs: { right: "deploy", of: "action" },
    summary: "Create or update an action",
    query: ["overwrite", "ifVersion"],
    body: "ActionPut",
    answer: "Action",
  },
  callAction: {
    needs: { right: "invoke", of: "action" },
    summary: "Call an action",
    query: CALL,
    body: "Anything",
    answer: "Activation",
  },
  deleteAction: { needs: { right: "deploy", of: "action" }, summary: "Delete an action", answer: "Action" },
  listPackages: { needs: { right: "read", of: "list" }, summary: "Packages", query: PAGES, answer: "PackageMeta[]" },
  getPackage: { needs: { right: "read", of: "package" }, summary: "A package or binding", answer: "Package" },
  putPackage: {
    needs: { right: "deploy", of: "package" },
    summary: "Create or update a package or binding",
    query: ["overwrite"],
    body: "PackagePut",
    answer: "Package",
  },
  deletePackage: {
    needs: { right: "deploy", of: "package" },
    summary: "Delete a package or binding",
    query: ["force"],
    answer: "Package",
  },
  listTriggers: { needs: { right: "read", of: "list" }, summary: "Triggers", query: PAGES, answer: "TriggerMeta[]" },
  getTrigger: { needs: { right: "read", of: "entity" }, summary: "A trigger, with its rules", answer: "Trigger" },
  putTrigger: {
    needs: { right: "wire", of: "entity" },
    summary: "Create or update a trigger",
    query: ["overwrite"],
    body: "TriggerPut",
    answer: "Trigger",
  },
  fireTrigger: {
    needs: { right: "fire", of: "entity" },
    summary: "Fire a trigger; 204 if no rule is active",
    body: "Anything",
    answer: "ActivationId",
  },
  deleteTrigger: { needs: { right: "wire", of: "entity" }, summary: "Delete a trigger", answer: "Trigger" },
  getSchedule: {
    needs: { right: "read", of: "entity" },
    summary: "When a trigger with an alarm feed fires next, and what became of the times before",
    answer: "Schedule",
  },
  previewSchedule: {
    needs: { right: "enter", of: "nothing" },
    summary: "When a schedule that is not made yet would fire",
    query: ["feed", "triggerName", "cron", "timezone", "minutes", "date", "startDate", "stopDate"],
    answer: "SchedulePreview",
  },
  listRules: { needs: { right: "read", of: "list" }, summary: "Rules", query: PAGES, answer: "RuleMeta[]" },
  getRule: { needs: { right: "read", of: "entity" }, summary: "A rule, with its status", answer: "Rule" },
  putRule: {
    needs: { right: "wire", of: "entity" },
    summary: "Create or update a rule",
    query: ["overwrite"],
    body: "RulePut",
    answer: "Rule",
  },
  switchRule: {
    needs: { right: "wire", of: "entity" },
    summary: "Switch a rule on or off",
    body: "RuleStatus",
    answer: "Name",
  },
  deleteRule: { needs: { right: "wire", of: "entity" }, summary: "Delete a rule", answer: "Rule" },
  listActivations: {
    needs: { right: "records", of: "record" },
    summary: "Activations",
    query: [...PAGES, "name", "since", "upto", "docs", ...SEARCH_PARAMETERS],
    answer: "ActivationMeta[]",
  },
  getStats: {
    needs: { right: "records", of: "all" },
    summary: "Figures of the activations that ended, by action and by time",
    query: ["step", "name", "since", "upto"],
    answer: "Stats",
  },
  exportRecords: {
    needs: { right: "records", of: "all" },
    summary: "Records as NDJSON, newest first; each page ends with a line that says where the next one begins",
    query: ["since", "upto", "cursor"],
    answer: "RecordLine",
  },
  importRecords: {
    needs: { right: "own", of: "all" },
    summary: "Records from an export",
    body: "RecordLine",
    answer: "ImportReport",
  },
  getActivation: {
    needs: { right: "records", of: "record" },
    summary: "An activation",
    query: ["explain"],
    answer: "Activation",
  },
  getResult: {
    needs: { right: "records", of: "record" },
    summary: "The result of an activation",
    answer: "ActivationResult",
  },
  getLogs: {
    needs: { right: "records", of: "record" },
    summary: "The logs of an activation",
    query: ["follow"],
    answer: "ActivationLogs",
  },
  listKeys: {
    needs: OWN,
    summary: "Keys of the namespace, without their secrets",
    query: ["after"],
    answer: "KeyPage",
  },
  issueKey: { needs: OWN, summary: "Another key, told this once", body: "NewKey", answer: "IssuedKey" },
  getKey: { needs: OWN, summary: "A key, without its secret", answer: "Key" },
  changeKey: { needs: OWN, summary: "Give a key another name, end, role or scope", body: "KeyChange", answer: "Key" },
  rotateKey: {
    needs: OWN,
    summary: "Another key in place of this one, which stays good for a while",
    body: "KeyRotation",
    answer: "RotatedKey",
  },
  revokeKey: { needs: OWN, summary: "The key opens nothing any more", answer: "Key" },
  getRetention: { needs: OWN, summary: "How long records are kept", answer: "Retention" },
  setRetention: { needs: OWN, summary: "Set how long records are kept", body: "RetentionBounds", answer: "Retention" },
  clearRetention: { needs: OWN, summary: "Keep records as long as the deployment says", answer: "Retention" },
  getUsage: { needs: OWN, summary: "How many records there are, and their bytes", answer: "Usage" },
  getForwarding: { needs: OWN, summary: "To where records are sent as they are made", answer: "Forwarding" },
  setForwarding: {
    needs: OWN,
    summary: "Send records there as they are made",
    body: "ForwardingPut",
    answer: "Forwarding",
  },
  removeForwarding: { needs: OWN, summary: "Send records nowhere", answer: "Forwarding" },
  getEvents: { needs: OWN, summary: "To where user events are sent as they happen", answer: "Forwarding" },
  setEvents: {
    needs: OWN,
    summary: "Send user events there as they happen",
    body: "EventsPut",
    answer: "Forwarding",
  },
  removeEvents: { needs: OWN, summary: "Send user events nowhere", answer: "Forwarding" },
  listSecrets: { needs: OWN, summary: "What secrets there are; never themselves", answer: "Secret[]" },
  callWebAction: {
    needs: null,
    summary: "Call a web action by",
    path: "/web/{namespace}/{package}/{action}",
    verbs: WEB_VERBS,
    answer: "Anything",
  },
  deliverWebhook: {
    needs: null,
    summary: "Deliver to a webhook, or ask whether one may, by",
    path: "/webhooks/{token}",
    verbs: ["post", "options"],
    body: "Anything",
    answer: "ActivationId",
  },
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

const OPERATION = Symbol("operation");

type Handler = (c: AppContext) => Response | Promise<Response>;

/** The handler behind its door, marked with what it does: who may not do this is refused. A handler does one thing. */
export function described(operation: OperationName, handler: Handler): Handler {
  const before = operationOf(handler);
  if (before !== undefined && before !== operation) throw new Error(`one handler is ${before} and ${operation}`);
  const { needs }: Operation = OPERATIONS[operation];
  Object.assign(handler, { [OPERATION]: operation });
  return Object.assign(guarded(needs, handler), { [OPERATION]: operation });
}

/** What a route's handler does; undefined where nobody has said it. */
export function operationOf(handler: object): OperationName | undefined {
  return (handler as { [OPERATION]?: OperationName })[OPERATION];
}
