// What an activation that has ended adds to the metrics, and the status code its result gives.

import type { ActivationMeta, ActivationRecord } from "../entities/activation.ts";
import { STATUS_TEXT } from "../entities/outcome.ts";
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

/** To be called once for each, when its record is made. */
export function countActivation(
  meter: Meter,
  record: ActivationRecord,
  about: Pick<ActivationMeta, "namespace" | "path" | "kind" | "limits">,
): void {
  if (!meter.isOn) return;
  const labels = actionLabels(about);
  const { start = "none", waitMs, initMs } = record.meta ?? {};
  meter.count("openwhisk_action_activations_total", [...labels, about.kind, String(about.limits.memory)]);
  meter.count("openwhisk_action_status", [...labels, LABEL[STATUS_TEXT[record.statusCode]] ?? "unknown"]);
  const code = userStatusCode(record);
  if (code !== null) meter.count("openwhisk_action_status_code", [...labels, String(code)]);
  meter.gauge("openwhisk_action_memory", labels, about.limits.memory);
  meter.observe("openwhisk_action_response_size_bytes", labels, record.size);
  const shared = sharedPackageOf(about);
  if (shared !== null && !meter.ignores(about.namespace))
    meter.count("counter_invoker_sharedPackage_counter_total", [shared]);
  if (start !== "none") meter.count("edgewhisk_starts_total", [start]);
  if (record.statusCode === 3) meter.count("edgewhisk_internal_errors_total", []);
  if (waitMs === undefined) return;
  meter.observe("openwhisk_action_waitTime_seconds", labels, waitMs / 1_000);
  meter.observe("openwhisk_action_duration_seconds", labels, record.duration / 1_000);
  if (initMs === undefined) return;
  meter.count("openwhisk_action_coldStarts_total", labels);
  meter.observe("openwhisk_action_initTime_seconds", labels, initMs / 1_000);
}

/** The namespace that has the action, who called, and the action without its namespace. */
function actionLabels({ path, namespace }: Pick<ActivationMeta, "path" | "namespace">): string[] {
  const at = path.indexOf("/");
  return at === -1 ? [namespace, namespace, path] : [path.slice(0, at), namespace, path.slice(at + 1)];
}

/** The package of another namespace that the action is in, as `namespace/package`; null where it is in none. */
function sharedPackageOf({ path, namespace }: Pick<ActivationMeta, "path" | "namespace">): string | null {
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
