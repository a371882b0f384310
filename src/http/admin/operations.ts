// What each route of the admin API is for, which right it takes, and what goes in and out of it, by verb and path as
// the router has them. The guard and the API's description go by this table: a route that is not here is an admin's,
// and fails a test.

import type { AdminRight } from "../../entities/administrator.ts";
import type { AdminAnswerName, AdminBodyName } from "./schemas.ts";

export interface AdminOperation {
  right: AdminRight;
  summary: string;
  query?: readonly AdminQueryName[];
  body?: AdminBodyName;
  answer: AdminAnswerName;
}

export const ADMIN_QUERY = {
  limit: { type: "integer", description: "Most items, 1 to 1000. Default 100." },
  after: { type: "string", description: "Go on behind this: 'next' of the page before." },
  secrets: { type: "boolean", description: "With the keys themselves; takes the right 'admit'." },
  namespace: { type: "string", description: "Only of this one." },
  since: { type: "string", description: "From this time on: epoch ms or ISO 8601." },
  until: { type: "string", description: "Before this time: epoch ms or ISO 8601." },
  upto: { type: "string", description: "Up to this time: epoch ms or ISO 8601." },
  cursor: { type: "string", description: "Go on where the page before ended: 'next' of its last line." },
  subject: { type: "string", description: "Only what this one did." },
  key: { type: "string", description: "Only what was done with the key of this id." },
  act: { type: "string", description: "Only this act, or all of a kind: key.rotate, key." },
  result: { type: "string", description: "Only what ended so: done, refused, failed, begun, counted." },
} as const;
export type AdminQueryName = keyof typeof ADMIN_QUERY;

const ROOT = "/admin/v1";
const SUBJECT = `${ROOT}/identities/:subject`;
const KEY = `${ROOT}/keys/:id`;
const NAMESPACE = `${ROOT}/namespaces/:namespace`;
const HOST = `${ROOT}/hosts/:name`;
const GRANT = `${ROOT}/sources/:kind/:name/grants/:namespace`;
const ADMINISTRATOR = `${ROOT}/administrators/:name`;

type OperationRow = Omit<AdminOperation, "right">;
type Table = Readonly<Record<string, OperationRow>>;

const PAGE = ["limit", "after"] as const;

const LOOK: Table = {
  [`GET ${ROOT}/status`]: { summary: "The platform at a glance: hosts, what waits, databases", answer: "Status" },
  [`GET ${ROOT}/waiting`]: { summary: "What waits, since when and why", answer: "Waiting" },
  [`GET ${ROOT}/config`]: { summary: "What the Worker goes by; secrets are not shown", answer: "Config" },
  [`GET ${ROOT}/audit`]: {
    summary: "Who changed what, when and from where, newest first",
    query: [...PAGE, "since", "until", "subject", "key", "namespace", "act", "result"],
    answer: "AuditPage",
  },
  [`GET ${ROOT}/identities`]: { summary: "Subjects", query: PAGE, answer: "SubjectPage" },
  [`GET ${SUBJECT}`]: { summary: "A subject with its namespaces", answer: "Subject" },
  [`GET ${SUBJECT}/keys`]: {
    summary: "Keys of a subject",
    query: [...PAGE, "namespace", "secrets"],
    answer: "KeyPage",
  },
  [`GET ${KEY}`]: { summary: "A key, without its secret", answer: "Key" },
  [`POST ${ROOT}/whois`]: { summary: "Whose a key is", body: "Whois", answer: "Key" },
  [`GET ${ROOT}/namespaces`]: { summary: "Namespaces", query: PAGE, answer: "NamespacePage" },
  [`GET ${NAMESPACE}`]: { summary: "A namespace", answer: "Namespace" },
  [`GET ${NAMESPACE}/keys`]: { summary: "Keys of a namespace", query: [...PAGE, "secrets"], answer: "KeyPage" },
  [`GET ${NAMESPACE}/limits`]: { summary: "What is set of its limits", answer: "NamespaceLimits" },
  [`GET ${NAMESPACE}/contents`]: { summary: "What is in it, and goes with it", answer: "Contents" },
  [`GET ${NAMESPACE}/deletion`]: { summary: "How far its deletion is", answer: "Deletion" },
  [`GET ${NAMESPACE}/retention`]: { summary: "How long its records are kept", answer: "Retention" },
  [`GET ${NAMESPACE}/usage`]: { summary: "How many records it has, and their bytes", answer: "Usage" },
  [`GET ${NAMESPACE}/forwarding`]: { summary: "To where its records are sent as they are made", answer: "Forwarding" },
  [`GET ${NAMESPACE}/events`]: { summary: "To where its user events are sent as they happen", answer: "Forwarding" },
  [`GET ${ROOT}/hosts`]: { summary: "Hosts that have a token", answer: "HostTokens" },
  [`GET ${HOST}`]: { summary: "A host: its schedulers, containers, images", answer: "Host" },
  [`GET ${ROOT}/schedulers`]: { summary: "Schedulers, as the roster has them", answer: "Schedulers" },
  [`GET ${ROOT}/schedulers/:host/:shard`]: { summary: "What one scheduler does now", answer: "Scheduler" },
  [`GET ${ROOT}/activations/:id/location`]: {
    summary: "Where the record of an activation is",
    query: ["namespace"],
    answer: "Location",
  },
  [`GET ${ROOT}/records`]: { summary: "How full the databases of records are", answer: "RecordsStatus" },
  [`GET ${ROOT}/records/move`]: {
    summary: "How far records are with coming to where the mode has them",
    query: ["after"],
    answer: "Moves",
  },
  [`GET ${ROOT}/sources`]: { summary: "What feeds may read, and who may", answer: "Sources" },
  [`GET ${ROOT}/administrators`]: { summary: "Administrators", query: PAGE, answer: "AdministratorPage" },
};

const OPERATE: Table = {
  [`POST ${ROOT}/hosts`]: { summary: "A host's token, told this once", body: "NewHost", answer: "HostToken" },
  [`DELETE ${HOST}`]: { summary: "The host is let in no more", answer: "HostGone" },
  [`POST ${HOST}/drain`]: { summary: "It takes nothing new; what runs goes on", answer: "HostDrained" },
  [`POST ${HOST}/undrain`]: { summary: "It takes work again", answer: "HostDrained" },
  [`POST ${HOST}/enable`]: { summary: "It takes work, however it was shut out", answer: "HostDrained" },
  [`POST ${HOST}/rename`]: {
    summary: "The token of a host that takes its place, told this once; it drains",
    body: "HostRename",
    answer: "HostToken",
  },
  [`POST ${ROOT}/records/move`]: {
    summary: "Older records come to where the mode has them, a page each",
    body: "MoveOrder",
    answer: "Moves",
  },
  [`PUT ${NAMESPACE}/limits`]: { summary: "Set its limits", body: "Limits", answer: "NamespaceLimits" },
  [`PATCH ${NAMESPACE}/limits`]: {
    summary: "Change some of its limits; null takes one away",
    body: "LimitChanges",
    answer: "NamespaceLimits",
  },
  [`DELETE ${NAMESPACE}/limits`]: { summary: "It has the deployment's limits", answer: "NamespaceLimits" },
  [`PUT ${NAMESPACE}/retention`]: {
    summary: "Set how long its records are kept",
    body: "RetentionBounds",
    answer: "Retention",
  },
  [`DELETE ${NAMESPACE}/retention`]: { summary: "They are kept as the deployment says", answer: "Retention" },
  [`POST ${NAMESPACE}/block`]: { summary: "No key opens it", answer: "Namespace" },
  [`POST ${NAMESPACE}/unblock`]: { summary: "Its keys open it again", answer: "Namespace" },
  [`POST ${SUBJECT}/block`]: { summary: "No key of the subject opens anything", answer: "Subject" },
  [`POST ${SUBJECT}/unblock`]: { summary: "Its keys are good again", answer: "Subject" },
};

const ADMIT: Table = {
  [`POST ${ROOT}/identities`]: { summary: "A key, told this once", body: "NewIdentity", answer: "IssuedIdentity" },
  [`DELETE ${SUBJECT}`]: { summary: "The subject's keys go", query: ["namespace"], answer: "Subject" },
  [`POST ${SUBJECT}/rotate`]: {
    summary: "Another key in place of the subject's, told this once",
    body: "NewKey",
    answer: "IssuedIdentity",
  },
  [`PATCH ${KEY}`]: { summary: "Give a key another name, end, role or scope", body: "KeyChange", answer: "Key" },
  [`DELETE ${KEY}`]: { summary: "The key opens nothing any more", answer: "Key" },
  [`POST ${KEY}/rotate`]: {
    summary: "Another key in place of this one, which stays good for a while",
    body: "KeyRotation",
    answer: "RotatedKey",
  },
  [`POST ${ROOT}/namespaces`]: { summary: "A namespace without a key", body: "NewNamespace", answer: "Namespace" },
  [`DELETE ${NAMESPACE}`]: { summary: "All that is in it goes", body: "DeletionWish", answer: "Deletion" },
  [`GET ${NAMESPACE}/records`]: {
    summary: "Its records, newest first; the last line says where to go on",
    query: ["since", "upto", "cursor"],
    answer: "RecordLines",
  },
  [`POST ${NAMESPACE}/records`]: {
    summary: "Records from an export",
    body: "RecordLines",
    answer: "ImportReport",
  },
  [`PUT ${NAMESPACE}/forwarding`]: {
    summary: "Send its records there as they are made",
    body: "ForwardingOrder",
    answer: "Forwarding",
  },
  [`DELETE ${NAMESPACE}/forwarding`]: { summary: "Send its records nowhere", answer: "Forwarding" },
  [`PUT ${NAMESPACE}/events`]: {
    summary: "Send its user events there as they happen",
    body: "EventsOrder",
    answer: "Forwarding",
  },
  [`DELETE ${NAMESPACE}/events`]: { summary: "Send its user events nowhere", answer: "Forwarding" },
  [`PUT ${GRANT}`]: { summary: "Lets a namespace read a source", answer: "Sources" },
  [`DELETE ${GRANT}`]: { summary: "It may read it no more", answer: "Sources" },
  [`POST ${ROOT}/reseal`]: {
    summary: "After MASTER_SECRET was changed: keys are sealed with the new one, a batch each",
    body: "ResealOrder",
    answer: "Resealed",
  },
  [`POST ${ROOT}/administrators`]: {
    summary: "An administrator with a token, told this once",
    body: "NewAdministrator",
    answer: "AdministratorToken",
  },
  [`PATCH ${ADMINISTRATOR}`]: { summary: "Another role or end", body: "AdministratorChange", answer: "Administrator" },
  [`DELETE ${ADMINISTRATOR}`]: { summary: "The token opens nothing any more", answer: "Administrator" },
  [`POST ${ADMINISTRATOR}/rotate`]: { summary: "Another token, told this once", answer: "AdministratorToken" },
};

export const ADMIN_OPERATIONS: ReadonlyMap<string, AdminOperation> = new Map(
  Object.entries({ look: LOOK, operate: OPERATE, admit: ADMIT }).flatMap(([right, table]) =>
    Object.entries(table).map(([route, told]) => [route, { right: right as AdminRight, ...told }] as const),
  ),
);
