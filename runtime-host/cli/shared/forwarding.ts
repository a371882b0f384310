// To where records are sent as they are made, or user events: options, requests and text,
// for administrators' commands and owners'.

import { ForwardingAnswer, HOOK_FORMATS } from "../../../src/entities/record-hook.ts";
import { choice, text, toggle, type ValuesOf } from "../../program/options.ts";
import { type AdminCall, askAndPrint, type Door, timeText } from "./administering.ts";
import type { Io } from "./command.ts";
import { type CommandOutcome, EXIT, misused } from "./exit-codes.ts";

const SECRET = "EDGEWHISK_HOOK_SECRET";
const AUTHORIZATION = "EDGEWHISK_HOOK_AUTHORIZATION";

/** Of whatever is sent. */
export const RECEIVER_OPTIONS = {
  to: text("URL", "send them there, by POST"),
  "no-gzip": toggle("send them as they are"),
  secret: toggle("sign with a secret of your own, which is asked for; else one is made, and shown once"),
  authorization: toggle("send an Authorization header, whose value is asked for"),
  "without-authorization": toggle("send none any more"),
  off: toggle("send no more; what waits is let go of"),
};

export const FORWARDING_OPTIONS = {
  ...RECEIVER_OPTIONS,
  format: choice(HOOK_FORMATS, "one record a line, or the body of Elasticsearch's _bulk", {
    default: "ndjson",
    placeholder: HOOK_FORMATS.join("|"),
  }),
  index: text("NAME", "index of Elasticsearch, where the URL names none"),
};

export const RECEIVER_NOTES = `The secret comes from ${SECRET} or from standard input, the header's value from ${AUTHORIZATION}
or from standard input; never from the command line, which every user of the machine can read.`;

export const FORWARDING_NOTES = `Each record is sent at least once: who gets them goes by the activation id. Batches are signed as Standard Webhooks say, over the
bytes that are sent. What cannot be delivered waits a day at most, and not without bound; what is dropped is counted here and in the
log. Records from before the hook are not sent: 'edgewhisk activation export' has them.

${RECEIVER_NOTES}`;

export const EVENT_NOTES = `A user event tells, in OpenWhisk's JSON, of an activation that has ended, of a call that exceeded a limit, and of how many calls run
at a time where that is limited: one a line. An event of an activation is sent at least once: who gets them goes by the activation id.
Batches are signed as Standard Webhooks say, over the bytes that are sent. What cannot be delivered waits a day at most, and not without
bound; what is dropped is counted here, in the metrics and in the log.

${RECEIVER_NOTES}`;

type Options = ValuesOf<typeof RECEIVER_OPTIONS> & Partial<ValuesOf<typeof FORWARDING_OPTIONS>>;

/** `noun`: what is sent there, of many. */
export async function askForwarding<C extends AdminCall & { options: Options }>(
  call: C,
  path: string,
  { door, noun = "records" }: { door?: Door<C>; noun?: string } = {},
): Promise<CommandOutcome> {
  const {
    to,
    format,
    index,
    off,
    secret,
    authorization,
    "no-gzip": isPlain,
    "without-authorization": isBare,
  } = call.options;
  const shown = {
    schema: ForwardingAnswer,
    text: (answer: ForwardingAnswer) => textOf(answer, noun),
    ...(door === undefined ? {} : { door }),
  };
  const isSet = secret || authorization || isBare || isPlain || index !== undefined;
  if (off) {
    if (to !== undefined || isSet) return misused("--off sets nothing: give it alone");
    const outcome = await askAndPrint(call, ["DELETE", path], shown);
    // There is no hook, or no such namespace: to look at it tells which.
    const isAbsent = !outcome.ok && outcome.exit === EXIT.notFound;
    return isAbsent ? askAndPrint(call, ["GET", path], shown) : outcome;
  }
  if (to === undefined) {
    return isSet ? misused(`--to says where ${noun} go: give it as well`) : askAndPrint(call, ["GET", path], shown);
  }
  if (authorization && isBare) return misused("--authorization and --without-authorization are one or the other");
  const { env } = call.io;
  if (secret && authorization && !env[SECRET] && !env[AUTHORIZATION]) {
    return misused(`only one of two secrets comes from standard input: set ${SECRET} or ${AUTHORIZATION}`);
  }
  const body = {
    ...{ url: to, gzip: !isPlain },
    ...(format === undefined ? {} : { format }),
    ...(index === undefined ? {} : { index }),
    ...(secret ? { secret: await told(call.io, SECRET) } : {}),
    ...(authorization ? { authorization: await told(call.io, AUTHORIZATION) } : {}),
    ...(isBare ? { authorization: null } : {}),
  };
  return askAndPrint(call, ["PUT", path], { ...shown, body });
}

async function told({ env, readSecret }: Pick<Io, "env" | "readSecret">, variable: string): Promise<string> {
  return env[variable] || readSecret(variable);
}

function textOf({ namespace, hook, state, secret }: ForwardingAnswer, noun: string): string {
  if (hook === null) return `${noun} of ${namespace} are sent nowhere`;
  const { url, format, index, gzip, authorization, told: isTold } = hook;
  const how = [format, ...(index === undefined ? [] : [`index ${index}`]), ...(gzip ? ["gzip"] : [])];
  const lines = [`to       ${url} (${[...how, ...(authorization ? ["Authorization"] : [])].join(", ")})`];
  if (!isTold) lines.push("         not all objects know of it yet: they are told within minutes");
  if (state !== undefined) lines.push(...stateLines(state));
  if (secret !== undefined) lines.push(`secret   ${secret} (shown this once)`);
  return lines.join("\n");
}

function stateLines(state: NonNullable<ForwardingAnswer["state"]>): string[] {
  const { waiting, bytes, lagMs, sent, dropped, lastError, unreachable } = state;
  const { total, backlog, age, refused } = dropped;
  return [
    `sent     ${sent}`,
    `waiting  ${waiting} (${bytes} bytes), the oldest for ${Math.round(lagMs / 1000)} s`,
    `dropped  ${total}${total === 0 ? "" : ` (too many waited: ${backlog}, for too long: ${age}, refused: ${refused})`}`,
    ...(lastError === null ? [] : [`error    ${timeText(lastError.at)} ${lastError.text}`]),
    ...(unreachable === 0 ? [] : [`         ${unreachable} objects did not answer`]),
  ];
}
