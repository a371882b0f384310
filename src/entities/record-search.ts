// Whether a record is one of those that are looked for. Pure; each condition that is given must hold.

import type { ActivationRecord } from "./activation.ts";
import type { ActivationId } from "./activation-id.ts";
import { OUTCOMES, type OutcomeClass, outcomeOf } from "./figures.ts";
import type { RawJson } from "./raw-json.ts";
import { mayRead, type RecordReader } from "./record-reader.ts";

/** As a run began: "none" where nothing ran in a container. */
export const START_KINDS = ["cold", "prewarmed", "warm", "none"] as const;
export type StartKind = (typeof START_KINDS)[number];

/** "error": any but success. */
export const STATUS_WORDS = [...OUTCOMES, "error"] as const;
export type StatusWord = (typeof STATUS_WORDS)[number];

export interface RecordSearch {
  /** `nodejs:20`, or `nodejs` for all of that family; also `sequence` and `trigger`. */
  kind?: string;
  status?: StatusWord;
  /** ms, both ends included. */
  minDuration?: number;
  maxDuration?: number;
  start?: StartKind;
  /** Id of the activation that made it happen. */
  cause?: ActivationId;
  /** Name of the trigger that was fired: its own records, and those of what its rules started. */
  trigger?: string;
  /** To be found in the result or in a line of the log, as it is: nothing in it is a pattern. */
  text?: string;
  /** Who asks, where he may not read all: nobody asks for this by a parameter. */
  reader?: RecordReader;
}

/** What of a search a place can tell of a record that it has not read, by what it has noted of each. Whatever fits the
 * search fits these, as does what nothing was noted of. */
export type NotedSearch = Pick<RecordSearch, "kind" | "status" | "minDuration" | "maxDuration" | "cause">;

/** Null where there is nothing of the kind in the search. */
export function notedOf({ kind, status, minDuration, maxDuration, cause }: RecordSearch): NotedSearch | null {
  const given = Object.entries({ kind, status, minDuration, maxDuration, cause }).filter(
    ([, value]) => value !== undefined,
  );
  return given.length === 0 ? null : (Object.fromEntries(given) as NotedSearch);
}

/** All conditions but the text. */
export function fits(record: ActivationRecord, search: RecordSearch): boolean {
  const { kind, status, minDuration, maxDuration, start, cause, trigger, reader } = search;
  if (reader !== undefined && !mayRead(reader, record)) return false;
  if (cause !== undefined && record.cause !== cause) return false;
  if (status !== undefined && !hasStatus(outcomeOf(record), status)) return false;
  if (minDuration !== undefined && !(record.duration >= minDuration)) return false;
  if (maxDuration !== undefined && !(record.duration <= maxDuration)) return false;
  if (kind !== undefined && !isOfKind(kindOf(record), kind)) return false;
  if (start !== undefined && startOf(record) !== start) return false;
  return trigger === undefined || isOfTrigger(record, trigger);
}

/** Whether the text stands in a JSON text, as its reader would see it or as it is written. */
export function stands(text: string, json: RawJson): boolean {
  if (json.includes(text)) return true;
  const written = JSON.stringify(text).slice(1, -1);
  if (written !== text && json.includes(written)) return true;
  // Bytes are kept: the same character may be written as an escape.
  return json.includes("\\") && JSON.stringify(parsed(json))?.includes(written) === true;
}

/** Whether it stands in one of these lines, JSON text of a list of them. */
export function standsInLines(text: string, json: RawJson): boolean {
  const lines = parsed(json);
  if (!Array.isArray(lines)) return false;
  return lines.some((line) => typeof line === "string" && line.includes(text));
}

function hasStatus(outcome: OutcomeClass, wanted: StatusWord): boolean {
  return wanted === "error" ? outcome !== "success" : outcome === wanted;
}

function isOfKind(kind: string | undefined, wanted: string): boolean {
  return kind === wanted || kind?.startsWith(`${wanted}:`) === true;
}

function isOfTrigger({ meta, name }: ActivationRecord, wanted: string): boolean {
  if (meta?.kind === "trigger") return name === wanted;
  return meta?.trigger === wanted;
}

/** Records from before there was a meta say it in their annotations. An imported one may say anything. */
function kindOf({ meta, annotations }: ActivationRecord): string | undefined {
  const kind: unknown = meta === undefined ? annotationsIn(annotations).get("kind") : meta?.kind;
  return typeof kind === "string" ? kind : undefined;
}

function startOf({ meta, annotations }: ActivationRecord): StartKind | undefined {
  if (meta !== undefined) return meta?.start;
  const found = annotationsIn(annotations);
  if (found.has("initTime")) return "cold";
  return found.has("timeout") ? "warm" : "none";
}

/** An imported record may have anything in the list. */
function annotationsIn(text: RawJson): Map<unknown, unknown> {
  const list = parsed(text);
  if (!Array.isArray(list)) return new Map();
  return new Map((list as ({ key?: unknown; value?: unknown } | null)[]).map((each) => [each?.key, each?.value]));
}

/** What is no JSON, since it was damaged, holds nothing. */
function parsed(json: RawJson): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
