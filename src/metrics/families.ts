// Every family of the platform's metrics: its name, what it tells, its labels and its buckets. Names with `openwhisk_`
// or a part of upstream's log markers are those that upstream's own tools and dashboards ask for.

import type { MetricFamily } from "./metric-family.ts";
import { SYSTEM_FAMILIES } from "./system-families.ts";

/** The first three labels of what is told by action. */
export const ACTION_LABELS = ["namespace", "initiator", "action"] as const;

const NO_BUCKETS: readonly number[] = [];
const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300];
const WAITS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600];
const INITS = [0.01, 0.05, 0.1, 0.5, 2.5, 10];
const BYTES = [128, 1_024, 16_384, 131_072, 1_048_576];

function ofAction<N extends string>(
  name: N,
  help: string,
  rest: Omit<MetricFamily, "name" | "help" | "labels"> & { more?: string[] },
) {
  const { more = [], ...given } = rest;
  return { name, help, labels: [...ACTION_LABELS, ...more], ...given };
}

const counter = { type: "counter" } as const;
const histogram = (buckets: readonly number[]) => ({ type: "histogram", buckets }) as const;

const LIST = [
  ofAction("openwhisk_action_activations_total", "Activations that have ended.", {
    ...counter,
    more: ["kind", "memory"],
  }),
  ofAction("openwhisk_action_coldStarts_total", "Activations whose container had to be initialised.", counter),
  ofAction("openwhisk_action_status", "Activations by how they ended.", { ...counter, more: ["status"] }),
  ofAction("openwhisk_action_status_code", "Activations by the status code in their result.", {
    ...counter,
    more: ["status"],
  }),
  ofAction("openwhisk_action_waitTime_seconds", "Time between acceptance and start.", histogram(WAITS)),
  ofAction("openwhisk_action_initTime_seconds", "Time it took to initialise the action.", histogram(INITS)),
  ofAction("openwhisk_action_duration_seconds", "Time the action ran.", histogram(SECONDS)),
  ofAction("openwhisk_action_response_size_bytes", "Size of the result.", histogram(BYTES)),
  ofAction("openwhisk_action_memory", "Memory limit of the action in MB.", { type: "gauge" }),
  {
    name: "openwhisk_action_limit_concurrent_total",
    help: "Calls refused since too many were under way.",
    labels: ["namespace"],
    ...counter,
  },
  {
    name: "openwhisk_action_limit_timed_total",
    help: "Calls and fires refused since there were too many in a minute.",
    labels: ["namespace"],
    ...counter,
  },
  {
    name: "edgewhisk_starts_total",
    help: "Activations by the container they started in.",
    labels: ["start"],
    ...counter,
  },
  {
    name: "edgewhisk_internal_errors_total",
    help: "Activations that ended with an error of the platform.",
    labels: [],
    ...counter,
  },
  {
    name: "edgewhisk_http_requests_total",
    help: "Requests by method and status code.",
    labels: ["method", "status"],
    ...counter,
  },
  {
    name: "edgewhisk_http_request_seconds",
    help: "Time until a request was answered.",
    labels: ["method", "status"],
    ...histogram([0.005, 0.025, 0.1, 0.5, 1, 5, 30, 60]),
  },
  {
    name: "edgewhisk_store_errors_total",
    help: "Batches of records that their place did not take.",
    labels: ["place"],
    ...counter,
  },
  {
    name: "edgewhisk_handover_lag_seconds",
    help: "Time a record waited until its place had it; the longest of each batch.",
    labels: ["place"],
    ...histogram([0.5, 2.5, 10, 60, 300, 3_600]),
  },
  {
    name: "edgewhisk_user_events_total",
    help: "User events by whose receiver they were for, and whether they got there.",
    labels: ["receiver", "outcome"],
    ...counter,
  },
  {
    name: "edgewhisk_schedule_lateness_seconds",
    help: "Time between when a schedule was due and when its fire was accepted.",
    labels: [],
    ...histogram([0.1, 0.5, 1, 5, 15, 60, 600]),
  },
  {
    name: "edgewhisk_schedule_failures_total",
    help: "Fires of schedules that were refused, or of which nobody knows.",
    labels: [],
    ...counter,
  },
  {
    name: "edgewhisk_schedule_unprepared_total",
    help: "Containers that were to be ready for a slot and for which no host had room.",
    labels: [],
    ...counter,
  },
  ...SYSTEM_FAMILIES,
] as const satisfies readonly MetricFamily[];

export type FamilyName = (typeof LIST)[number]["name"];

export const FAMILIES: readonly MetricFamily[] = LIST;

export const FAMILY_BY_NAME: ReadonlyMap<string, MetricFamily> = new Map(LIST.map((each) => [each.name, each]));

export function familyOf(name: FamilyName): MetricFamily {
  const family = FAMILY_BY_NAME.get(name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  return family;
}

/** Which bucket of the family holds this value: the first whose bound it does not exceed. Asked with each value. */
export function bucketIn({ buckets = NO_BUCKETS }: MetricFamily, value: number): number {
  let at = 0;
  while (at < buckets.length && value > (buckets[at] as number)) at++;
  return at;
}

export function isOfAction({ labels }: MetricFamily): boolean {
  return labels[0] === ACTION_LABELS[0] && labels[2] === ACTION_LABELS[2];
}
