// `edgewhisk records forward`: to where a namespace's records are sent as they are made, and how that stands.

import { z } from "zod";
import { HOOK_FORMATS } from "../../../src/entities/record-hook.ts";
import { choice, text, toggle } from "../../program/options.ts";
import { askAndPrint, segment, timeText } from "../shared/administering.ts";
import { defineCommand, type Io } from "../shared/command.ts";
import { misused } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const SECRET = "EDGEWHISK_HOOK_SECRET";
const AUTHORIZATION = "EDGEWHISK_HOOK_AUTHORIZATION";

const count = z.number();
const Answer = z.looseObject({
  namespace: z.string(),
  hook: z
    .looseObject({
      url: z.string(),
      format: z.string(),
      index: z.string().optional(),
      gzip: z.boolean(),
      authorization: z.boolean(),
      told: z.boolean(),
    })
    .nullable(),
  state: z
    .looseObject({
      ...{ waiting: count, bytes: count, lagMs: count, sent: count, unreachable: count },
      dropped: z.looseObject({ total: count, backlog: count, age: count, refused: count }),
      lastError: z.looseObject({ text: z.string(), at: count }).nullable(),
    })
    .optional(),
  secret: z.string().optional(),
});

export const recordsForward = defineCommand({
  name: "records forward",
  group: "Administer a deployment",
  summary: "to where a namespace's records are sent as they are made, and how that stands",
  positionals: [{ name: "namespace", summary: "its name", complaint: "expected one namespace" }],
  options: {
    ...ADMIN_OPTIONS,
    to: text("URL", "send them there, by POST"),
    format: choice(HOOK_FORMATS, "one record a line, or the body of Elasticsearch's _bulk", {
      default: "ndjson",
      placeholder: "FORMAT",
    }),
    index: text("NAME", "index of Elasticsearch, where the URL names none"),
    "no-gzip": toggle("send them as they are"),
    secret: toggle("sign with a secret of your own, which is asked for; else one is made, and shown once"),
    authorization: toggle("send an Authorization header, whose value is asked for"),
    "without-authorization": toggle("send none any more"),
    off: toggle("send no more; what waits is let go of"),
  },
  notes: `Each record is sent at least once: who gets them goes by the activation id. Batches are signed as Standard Webhooks say, over the
bytes that are sent. What cannot be delivered waits a day at most, and not without bound; what is dropped is counted here and in the
log. Records from before the hook are not sent: 'edgewhisk activation export' has them.

The secret comes from ${SECRET} or from standard input, the header's value from ${AUTHORIZATION}
or from standard input; never from the command line, which every user of the machine can read.

${ADMIN_NOTES}`,
  async run(call) {
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
    const [namespace = ""] = call.positionals;
    const path = `/namespaces/${segment(namespace)}/forwarding`;
    const shown = { schema: Answer, text: textOf };
    const isSet = secret || authorization || isBare || isPlain || index !== undefined;
    if (off) {
      return to === undefined && !isSet
        ? askAndPrint(call, ["DELETE", path], shown)
        : misused("--off sets nothing: give it alone");
    }
    if (to === undefined) {
      return isSet ? misused("--to says where records go: give it as well") : askAndPrint(call, ["GET", path], shown);
    }
    if (authorization && isBare) return misused("--authorization and --without-authorization are one or the other");
    const { env } = call.io;
    if (secret && authorization && !env[SECRET] && !env[AUTHORIZATION]) {
      return misused(`only one of two secrets comes from standard input: set ${SECRET} or ${AUTHORIZATION}`);
    }
    const body = {
      ...{ url: to, format, gzip: !isPlain },
      ...(index === undefined ? {} : { index }),
      ...(secret ? { secret: await told(call.io, SECRET) } : {}),
      ...(authorization ? { authorization: await told(call.io, AUTHORIZATION) } : {}),
      ...(isBare ? { authorization: null } : {}),
    };
    return askAndPrint(call, ["PUT", path], { ...shown, body });
  },
});

async function told({ env, readSecret }: Pick<Io, "env" | "readSecret">, variable: string): Promise<string> {
  return env[variable] || readSecret(variable);
}

function textOf({ namespace, hook, state, secret }: z.infer<typeof Answer>): string {
  if (hook === null) return `records of ${namespace} are sent nowhere`;
  const { url, format, index, gzip, authorization, told: isTold } = hook;
  const how = [format, ...(index === undefined ? [] : [`index ${index}`]), ...(gzip ? ["gzip"] : [])];
  const lines = [`to       ${url} (${[...how, ...(authorization ? ["Authorization"] : [])].join(", ")})`];
  if (!isTold) lines.push("         not all objects know of it yet: they are told within minutes");
  if (state !== undefined) lines.push(...stateLines(state));
  if (secret !== undefined) lines.push(`secret   ${secret} (shown this once)`);
  return lines.join("\n");
}

function stateLines(state: NonNullable<z.infer<typeof Answer>["state"]>): string[] {
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
