// What an activation that has ended adds to the metrics, and the status code its result gives.

import type { ActivationMeta, ActivationRecord } from "../entities/activation.ts";
import { STATUS_TEXT } from "../entities/outcome.ts";
import { MetricCounter, MetricGauge, MetricHistogram } from "./instruments.ts";
import type { Meter } from "./meter.ts";

/** Characters of a result in which a status code is looked for. */
const MAX_LOOKED = 65_536;
const MAX_CODE = 2_147_483_647;
const LABEL: Readonly<Record<string, string>> = {
  success: "success",
  "application error": "application_error",
  "action developer error": "developer_error",
  "whisk internal error": "internal_error",
};

/** Actions whose series are remembered; then all are forgotten, and found again. */
const MAX_ACTIONS = 500;

type CountedMeta = Pick<ActivationMeta, "namespace" | "path" | "kind" | "limits">;

/** Activations as one store counts them. */
export class ActivationCounts {
  readonly #meter: Meter;
  /** By path. Of one whose caller, kind or memory is another now they are made anew. */
  readonly #actions = new Map<string, ActionSeries>();
  readonly #starts: Readonly<Record<"cold" | "prewarmed" | "warm", MetricCounter>>;
  readonly #internalErrors: MetricCounter;

  constructor(meter: Meter) {
    const started = (start: string) => new MetricCounter(meter, "edgewhisk_starts_total", [start]);
    this.#meter = meter;
    this.#starts = { cold: started("cold"), prewarmed: started("prewarmed"), warm: started("warm") };
    this.#internalErrors = new MetricCounter(meter, "edgewhisk_internal_errors_total");
  }

  /** To be called once for each, when its record is made. */
  ended(record: ActivationRecord, about: CountedMeta): void {
    if (!this.#meter.isOn) return;
    this.#seriesOf(about).ended(record);
    const start = record.meta?.start ?? "none";
    if (start !== "none") this.#starts[start].add();
    if (record.statusCode === 3) this.#internalErrors.add();
  }

  #seriesOf(about: CountedMeta): ActionSeries {
    const known = this.#actions.get(about.path);
    if (known?.isOf(about) === true) return known;
    if (known === undefined && this.#actions.size >= MAX_ACTIONS) this.#actions.clear();
    const series = new ActionSeries(this.#meter, about);
    this.#actions.set(about.path, series);
    return series;
  }
}

/** All series of one action with one caller, kind and memory. */
class ActionSeries {
  readonly #meter: Meter;
  readonly #labels: readonly string[];
  readonly #namespace: string;
  readonly #kind: string;
  readonly #memoryMb: number;
  readonly #activations: MetricCounter;
  readonly #statuses: (MetricCounter | undefined)[] = [];
  readonly #memory: MetricGauge;
  readonly #size: MetricHistogram;
  readonly #wait: MetricHistogram;
  readonly #duration: MetricHistogram;
  readonly #sharedPackage: MetricCounter | null;
  /** The status code that came last: most results have the same. */
  #code: { code: number; counter: MetricCounter } | null = null;

  constructor(meter: Meter, about: CountedMeta) {
    const { namespace, kind, limits } = about;
    const labels = actionLabels(about);
    const shared = sharedPackageOf(about);
    const isTold = shared !== null && !meter.ignores(namespace);
    this.#meter = meter;
    this.#labels = labels;
    this.#namespace = namespace;
    this.#kind = kind;
    this.#memoryMb = limits.memory;
    this.#activations = new MetricCounter(meter, "openwhisk_action_activations_total", [
      ...labels,
      kind,
      String(limits.memory),
    ]);
    this.#memory = new MetricGauge(meter, "openwhisk_action_memory", labels);
    this.#size = new MetricHistogram(meter, "openwhisk_action_response_size_bytes", labels);
    this.#wait = new MetricHistogram(meter, "openwhisk_action_waitTime_seconds", labels);
    this.#duration = new MetricHistogram(meter, "openwhisk_action_duration_seconds", labels);
    this.#sharedPackage = isTold
      ? new MetricCounter(meter, "counter_invoker_sharedPackage_counter_total", [shared])
      : null;
  }

  isOf({ namespace, kind, limits }: CountedMeta): boolean {
    return this.#namespace === namespace && this.#kind === kind && this.#memoryMb === limits.memory;
  }

  ended(record: ActivationRecord): void {
    const { meta, statusCode } = record;
    this.#activations.add();
    let status = this.#statuses[statusCode];
    if (status === undefined) {
      const labels = [...this.#labels, LABEL[STATUS_TEXT[statusCode]] ?? "unknown"];
      status = new MetricCounter(this.#meter, "openwhisk_action_status", labels);
      this.#statuses[statusCode] = status;
    }
    status.add();
    const code = userStatusCode(record);
    if (code !== null) this.#codeOf(code).add();
    this.#memory.set(this.#memoryMb);
    this.#size.observe(record.size);
    this.#sharedPackage?.add();
    if (meta?.waitMs === undefined) return;
    this.#wait.observe(meta.waitMs / 1_000);
    this.#duration.observe(record.duration / 1_000);
    if (meta.initMs === undefined) return;
    this.#meter.count("openwhisk_action_coldStarts_total", this.#labels);
    this.#meter.observe("openwhisk_action_initTime_seconds", this.#labels, meta.initMs / 1_000);
  }

  #codeOf(code: number): MetricCounter {
    if (this.#code?.code !== code) {
      const counter = new MetricCounter(this.#meter, "openwhisk_action_status_code", [...this.#labels, String(code)]);
      this.#code = { code, counter };
    }
    return this.#code.counter;
  }
}

/** The namespace that has the action, who called, and the action without its namespace. */
function actionLabels({ path, namespace }: Pick<CountedMeta, "path" | "namespace">): string[] {
  const at = path.indexOf("/");
  return at === -1 ? [namespace, namespace, path] : [path.slice(0, at), namespace, path.slice(at + 1)];
}

/** The package of another namespace that the action is in, as `namespace/package`; null where it is in none. */
function sharedPackageOf({ path, namespace }: Pick<CountedMeta, "path" | "namespace">): string | null {
  const [owner = "", bundle = "", name] = path.split("/");
  return name === undefined || owner === namespace ? null : `${owner}/${bundle}`;
}

/** As a label: what is no status code of HTTP counts as 400, so that there are few. Null: the result gives none. */
export function userStatusCode(record: Pick<ActivationRecord, "result">): number | null {
  const code = resultStatusCode(record);
  return code === null || (code >= 100 && code <= 599) ? code : 400;
}

/** As upstream: `statusCode` of the result's `error`, else of the result, as a number or its digits. What is no whole
 * number, or none that 32 bits hold, counts as 400. Null: there is none. */
export function resultStatusCode({ result }: Pick<ActivationRecord, "result">): number | null {
  if (!("inline" in result) || result.inline.length > MAX_LOOKED || !result.inline.includes('"statusCode"'))
    return null;
  let value: unknown;
  try {
    value = JSON.parse(result.inline);
  } catch {
    return null;
  }
  const code = memberOf(memberOf(value, "error"), "statusCode") ?? memberOf(value, "statusCode");
  if (code === undefined) return null;
  const number = typeof code === "string" && /^-?\d{1,10}$/.test(code) ? Number(code) : code;
  return typeof number === "number" && Number.isInteger(number) && Math.abs(number) <= MAX_CODE ? number : 400;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
