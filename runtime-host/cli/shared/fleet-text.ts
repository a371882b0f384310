// The platform at a glance, as text. Pure.

import type { HostItem, StatusAnswer, WaitingItem } from "../../../src/entities/administration.ts";
import { tableOf } from "./administering.ts";

export const HOST_HEADINGS = [
  "HOST",
  "STATE",
  "RUNNING",
  "CONTAINERS",
  "USED MB",
  "OF MB",
  "BUILD",
  "LEVEL",
  "REASON",
] as const;

export function hostRow(host: HostItem): string[] {
  const { name, state, running, containers = 0, used, memory, build = "", level = "", reason = "" } = host;
  return [name, state, String(running), String(containers), String(used), String(memory), build, level, reason];
}

/** Without a line end. */
export function statusText(status: StatusAnswer): string {
  const { build, hosts, waiting, more, stores, securityFloor } = status;
  const up = hosts.filter(({ state }) => state === "up").length;
  return [
    `edgewhisk ${build ?? "(build not known)"}: ${up} of ${hosts.length} hosts up`,
    ...(securityFloor === undefined ? [] : [`hosts must have the security level ${securityFloor}`]),
    "",
    ...(hosts.length === 0 ? ["no hosts: edgewhisk hosts create NAME"] : tableOf(HOST_HEADINGS, hosts.map(hostRow))),
    "",
    ...waitingLines(waiting, more),
    "",
    ...tableOf(
      ["STORE", "SIZE"],
      stores.map((store) => [store.name, storeText(store)]),
    ),
  ].join("\n");
}

export function waitingLines(waiting: readonly WaitingItem[], more: boolean): string[] {
  if (waiting.length === 0) return ["nothing waits"];
  const rows = waiting.map((each) => [
    each.namespace ?? "(nobody's)",
    String(each.waiting),
    String(each.fires),
    durationText(each.oldestWaitMs),
    each.unanswered === undefined ? (each.reason ?? each.lines[0]?.reason ?? "") : `no answer: ${each.unanswered}`,
  ]);
  const lines = tableOf(["NAMESPACE", "WAITING", "FIRES", "FOR", "WHY"], rows);
  return more ? [...lines, "… and more"] : lines;
}

export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}

function storeText({ bytes, objects, atLeast }: StatusAnswer["stores"][number]): string {
  if (bytes === null) return "not known";
  const of = objects === undefined ? "" : ` in ${objects} objects`;
  return `${sizeText(bytes)}${of}${atLeast ? ", or more" : ""}`;
}

export function sizeText(bytes: number): string {
  const units = ["B", "KB", "MB", "GB"];
  let value = bytes;
  let at = 0;
  for (; value >= 1_024 && at < units.length - 1; at++) value /= 1_024;
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
}
