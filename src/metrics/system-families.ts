// What the platform counts of its own work under the names of upstream's log markers, as its Prometheus reporter spells
// them. What upstream counts and is not here has no counterpart: README.md says why of each.

import type { MetricFamily } from "./metric-family.ts";

const WORKS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
const BATCHES = [1, 5, 25, 100, 500, 2_000];

const counter = { type: "counter", labels: [] } as const;
const times = { type: "histogram", labels: [], buckets: WORKS } as const;

/** What is done with the databases of entities and records, and with the bucket of code. */
export const DATABASE_WORKS = [
  "getDocument",
  "saveDocument",
  "deleteDocument",
  "queryView",
  "getDocumentAttachment",
  "saveDocumentAttachment",
  "deleteDocumentAttachment",
  "saveDocumentBulk",
] as const;

export type DatabaseWork = (typeof DATABASE_WORKS)[number];

type DatabaseFamily =
  | `counter_database_${DatabaseWork}_start_total`
  | `histogram_database_${DatabaseWork}_finish_seconds`
  | `counter_database_${DatabaseWork}_error_total`;

const DATABASE = DATABASE_WORKS.flatMap((work): (MetricFamily & { name: DatabaseFamily })[] => [
  { name: `counter_database_${work}_start_total`, help: `${work} was asked for.`, ...counter },
  { name: `histogram_database_${work}_finish_seconds`, help: `Time ${work} took.`, ...times },
  { name: `counter_database_${work}_error_total`, help: `${work} failed.`, ...counter },
]);

export const SYSTEM_FAMILIES = [
  {
    name: "counter_controller_startup_counter_total",
    help: "Isolates of the Worker that have begun to answer.",
    ...counter,
  },
  {
    name: "counter_controller_activation_start_total",
    help: "Calls that were let in and leave the Worker.",
    ...counter,
  },
  {
    name: "histogram_controller_activation_finish_seconds",
    help: "Time from a call's acceptance until it left the Worker.",
    ...times,
  },
  { name: "counter_controller_blockingActivation_start_total", help: "Calls whose caller waits.", ...counter },
  {
    name: "histogram_controller_blockingActivation_finish_seconds",
    help: "Time such a caller waited for the end of the activation.",
    ...times,
  },
  {
    name: "counter_controller_blockingActivationDatabaseRetrieval_counter_total",
    help: "Ends of such calls that came from their store instead of their scheduler.",
    ...counter,
  },
  {
    name: "counter_controller_managedInvokerSystemOverload_counter_total",
    help: "Calls whose caller waits and for which no scheduler had room at once.",
    ...counter,
  },
  {
    name: "counter_controller_blackBoxInvokerSystemOverload_counter_total",
    help: "The same of actions that bring their own image.",
    ...counter,
  },
  {
    name: "counter_loadbalancer_activations_counter_total",
    help: "Calls that were handed to a scheduler or a store.",
    ...counter,
  },
  {
    name: "counter_loadbalancer_completionAck_counter_total",
    help: "Ends of activations: told by the host (regular), given up (forced), told after that (regularAfterForced).",
    type: "counter",
    labels: ["type"],
  },
  {
    name: "counter_loadbalancer_invokerState_counter_total",
    help: "Hosts' schedulers that became up, unhealthy or down.",
    type: "counter",
    labels: ["state"],
  },
  {
    name: "counter_invoker_sharedPackage_counter_total",
    help: "Activations of actions in another namespace's package, by that package.",
    type: "counter",
    labels: ["path"],
  },
  { name: "counter_database_cacheHit_counter_total", help: "Actions that were found in memory.", ...counter },
  { name: "counter_database_cacheMiss_counter_total", help: "Actions that were looked for elsewhere.", ...counter },
  {
    name: "histogram_database_batchSize_counter",
    help: "Records of one batch on their way to the place they are kept.",
    type: "histogram",
    labels: [],
    buckets: BATCHES,
  },
  ...DATABASE,
] as const satisfies readonly MetricFamily[];
