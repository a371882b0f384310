// What an object counts, on its way to the Metrics object: in batches, never with the call that is counted. What it has
// not sent when it is lost, at most a round's worth, is not counted.

import type { Env } from "../../src/env.ts";
import { meteringOf } from "../../src/env-schemas.ts";
import { Meter } from "../../src/metrics/meter.ts";
import { MetricsSender } from "../../src/metrics/sender.ts";
import { METRICS_NAME, type MetricsBatch, type MetricsRpc } from "../../src/protocol/metrics.ts";
import type { Confirm } from "./confirm.ts";
import type { ObjectPorts } from "./ports.ts";

/** `label`: the object; a new incarnation of it counts under another name. */
export function countingOf(
  env: Pick<Env, "METRICS_MODE" | "METRICS_IGNORED_NAMESPACES"> & { METRICS: { getByName(name: string): unknown } },
  label: string,
  options: { ports: ObjectPorts; state?: () => Pick<MetricsBatch, "store" | "scheduler"> },
): MetricsSender {
  const { ports, state } = options;
  return new MetricsSender(`${label} ${crypto.randomUUID()}`, {
    meter: new Meter(meteringOf(env)),
    ports: {
      push: (batch) => (env.METRICS.getByName(METRICS_NAME) as MetricsRpc).push(batch),
      now: () => ports.now(),
      plan: (ms, work) => ports.after(ms, () => void work()),
      warn: (text) => ports.warn(text),
    },
    ...(state === undefined ? {} : { state }),
  });
}

/** What an object writes, it tells: whatever is confirmed may have changed what it has to do. */
export function counted(confirm: Confirm, counting: MetricsSender): Confirm {
  return (value) => {
    counting.touch();
    return confirm(value);
  };
}
