// Families that tell a state instead of what was counted: what waits, what is under way, which hosts there are.

import type { HostCount, SchedulerGauges, StoreGauges } from "../protocol/metrics.ts";
import type { Series } from "./exposition.ts";
import type { MetricFamily } from "./metric-family.ts";

const STATES: readonly HostCount["state"][] = ["Healthy", "Unhealthy", "Unresponsive", "Offline"];

export interface PlatformState {
  stores: Iterable<StoreGauges>;
  schedulers: Iterable<SchedulerGauges>;
  hosts: readonly HostCount[];
  told: { actions: number; maxActions: number };
  now: number;
}

export function stateFamilies({
  stores,
  schedulers,
  hosts,
  told,
  now,
}: PlatformState): { family: MetricFamily; series: Series[] }[] {
  const all = [...stores];
  const runs = [...schedulers];
  const sum = <T>(list: readonly T[], of: (each: T) => number) => list.reduce((total, each) => total + of(each), 0);
  const ageOf = (of: (each: StoreGauges) => number | null) => {
    const oldest = Math.min(...all.map((each) => of(each) ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(oldest) ? Math.max(0, now - oldest) / 1_000 : 0;
  };
  return [
    one(
      "edgewhisk_waiting_activations",
      "Activations that wait for a host.",
      sum(all, (each) => each.waiting),
    ),
    one(
      "edgewhisk_waiting_oldest_seconds",
      "How long the oldest of them waits.",
      ageOf((each) => each.oldestAt),
    ),
    one(
      "edgewhisk_leases",
      "Rows of activations that hosts have under way.",
      sum(all, (each) => each.running),
    ),
    one(
      "edgewhisk_pending_fires",
      "Fires whose rules have not all been served.",
      sum(all, (each) => each.fires),
    ),
    one(
      "edgewhisk_handover_oldest_seconds",
      "Age of the oldest record that its place has not taken yet.",
      ageOf((each) => each.unshelvedSince),
    ),
    one(
      "gauge_loadbalancer_activationsInflight_counter",
      "Activations that schedulers have under way.",
      sum(runs, (each) => each.running),
    ),
    one(
      "gauge_loadbalancer_memoryManagedInflight_counter",
      "Memory they may use, in MB.",
      sum(runs, (each) => each.usedMb),
    ),
    one(
      "gauge_loadbalancer_memoryBlackboxInflight_counter",
      "The part of it of actions that bring their own image, in MB.",
      sum(runs, (each) => each.blackBoxMb ?? 0),
    ),
    ...STATES.map((state) =>
      one(
        `gauge_loadbalancer_total${state}InvokerManaged_counter`,
        `Schedulers of hosts that are ${state.toLowerCase()}.`,
        sum(
          hosts.filter((each) => each.state === state),
          (each) => each.count,
        ),
      ),
    ),
    one(
      "gauge_loadbalancer_totalCapacityManaged_counter",
      "Memory of healthy hosts for activations, in MB.",
      sum(
        hosts.filter((each) => each.state === "Healthy"),
        (each) => each.memoryMb,
      ),
    ),
    ...STATES.map((state) =>
      one(
        `gauge_loadbalancer_total${state}InvokerBlackBox_counter`,
        `Those of them that take actions which bring their own image and are ${state.toLowerCase()}.`,
        sum(
          hosts.filter((each) => each.state === state),
          (each) => each.blackBox?.count ?? 0,
        ),
      ),
    ),
    one(
      "gauge_loadbalancer_totalCapacityBlackBox_counter",
      "Memory of the healthy ones among these, in MB.",
      sum(
        hosts.filter((each) => each.state === "Healthy"),
        (each) => each.blackBox?.memoryMb ?? 0,
      ),
    ),
    one("edgewhisk_metrics_actions", "Actions whose series are told apart.", told.actions),
    one(
      "edgewhisk_metrics_actions_limit",
      "Actions that are told apart at most; others count as other.",
      told.maxActions,
    ),
  ];
}

function one(name: string, help: string, value: number): { family: MetricFamily; series: Series[] } {
  return { family: { name, help, type: "gauge", labels: [] }, series: [{ labels: [], value }] };
}
