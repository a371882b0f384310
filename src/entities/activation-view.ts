// How clients see an activation: texts in pieces, so that the result's and the logs' bytes go through as they are.

import type { ActivationRecord } from "./activation.ts";
import { byteLength } from "./byte-length.ts";
import { internalError, STATUS_TEXT } from "./outcome.ts";
import type { RawJson } from "./raw-json.ts";

const GONE = "missing from the store of results and logs";
/** What is shown in place of logs that are gone. */
export const LOST_LOGS: RawJson = JSON.stringify([`The logs of this activation are ${GONE}.`]);

/** What is shown of an activation whose result is gone: that the platform has failed, as with a record that is damaged;
 * the result is text that is at hand. */
export function withLostResult(record: ActivationRecord): ActivationRecord & { result: { inline: RawJson } } {
  const { statusCode, result } = internalError(`The result of this activation is ${GONE}.`);
  return { ...record, statusCode, result: { inline: result }, size: byteLength(result) };
}

/** The extended record in three pieces: result and logs belong between them. */
export function extendedPieces(record: ActivationRecord): [string, string, string] {
  return [
    `{${membersOf(headOf(record))}${durationOf(record)},"response":{"result":`,
    `${verdictOf(record)}},"logs":`,
    `,"annotations":${record.annotations},"publish":false}`,
  ];
}

/** What stands around the result in the answer of the result route. */
export function resultPieces(record: ActivationRecord): [string, string] {
  return ['{"result":', `${verdictOf(record)}}`];
}

/** One item of a list; as upstream, it does not name the subject. */
export function summaryText(record: ActivationRecord): string {
  const { annotations, end, statusCode } = record;
  const { subject: _, ...head } = headOf(record);
  const outcome = end === 0 ? "" : `${durationOf(record)},"statusCode":${statusCode}`;
  return `{${membersOf(head)}${outcome},"annotations":${annotations},"publish":false}`;
}

function headOf(record: ActivationRecord) {
  const { namespace, name, version, subject, activationId, start, end, cause } = record;
  return {
    ...{ namespace, name, version, subject, activationId, start },
    ...(end === 0 ? {} : { end }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** A fired trigger lasts no time. */
function durationOf({ end, duration }: ActivationRecord): string {
  return end === 0 ? "" : `,"duration":${duration}`;
}

function membersOf(head: object): string {
  return JSON.stringify(head).slice(1, -1);
}

function verdictOf({ statusCode, size }: ActivationRecord): string {
  return `,"success":${statusCode === 0},"status":"${STATUS_TEXT[statusCode]}","size":${size}`;
}
