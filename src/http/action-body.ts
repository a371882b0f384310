// The body of a PUT of an action: read as a stream, its code lifted out on the way, the rest checked and kept as text.

import { placeToWrite } from "../catalog/action-place.ts";
import type { WantedAction } from "../catalog/action-put.ts";
import { type CodePorts, CodeSink, type LiftedCode } from "../catalog/code/code-sink.ts";
import { type ActionPut, parseActionPut } from "../entities/action-put.ts";
import { chunksOf } from "../entities/chunks.ts";
import { CodeLifter } from "../entities/code-lifter.ts";
import { jsonFault } from "../entities/json-check.ts";
import { MAX_BODY, MB } from "../entities/limits.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { parseVersion } from "../entities/version.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import { givenUp, isJson, patienceWith, tooLarge } from "./body.ts";
import { catalogOf } from "./catalog.ts";
import type { AppContext } from "./context.ts";
import { actionAddressOf } from "./namespace.ts";
import { inTime, type Patience } from "./patience.ts";
import { flag, malformed, printable } from "./query.ts";
import { lateRefusal } from "./still-good.ts";

/** Bytes of a body without its code: parameters and annotations of 1 MB each, however many small ones they are. */
const MAX_REST_BYTES = 4 * MB;

interface ActionBody {
  /** JSON; where there was code, it has "" in its place. */
  text: RawJson;
  code: LiftedCode | null;
}

/** What a PUT of an action asks: whether it may replace what is there, where, and what it is to be. They are looked at
 * in this order: nobody's body is read who may not write there. */
export async function actionPutOf(c: AppContext): Promise<Result<WantedAction>> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return overwrite;
  const given = c.req.query("ifVersion");
  const onlyVersion = given === undefined ? undefined : parseVersion(given);
  if (onlyVersion === null) return malformed("ifVersion", `'${printable(given ?? "")}' is no version.`);
  const place = await placeToWrite(catalogOf(c), actionAddressOf(c));
  if (!place.ok) return place;
  const asked = await askedOf(c);
  if (!asked.ok) return asked;
  const only = onlyVersion === undefined ? {} : { onlyVersion };
  return ok({ ...asked.value, place: place.value, overwrite: overwrite.value, ...only });
}

/** A body that took its time is taken only if its sender's key is good still. */
async function askedOf(c: AppContext): Promise<Result<{ put: ActionPut; code: LiftedCode | null }>> {
  const began = Date.now();
  const body = await readActionBody(c.req.raw, c.get("services").stores, patienceWith(c));
  if (!body.ok) return body;
  const late = await lateRefusal(c, began);
  if (late !== null) return late;
  const { text, code } = body.value;
  const put = parseActionPut(text);
  return put.ok ? ok({ put: put.value, code }) : put;
}

/** Where it fails, the body is still read to its end: a client that is writing would not hear the answer. */
async function readActionBody(request: Request, ports: CodePorts, patience: Patience): Promise<Result<ActionBody>> {
  const { body, headers } = request;
  if (body === null) return fail("malformed-body", "The body is empty.");
  const said = headers.get("Content-Length");
  const sink = new CodeSink({ ...ports, room: said === null ? null : Number(said) });
  const lifter = new CodeLifter(sink, { maxRest: MAX_REST_BYTES });
  let failure: Failure | null = isJson(headers.get("Content-Type"))
    ? null
    : fail("unsupported-media", "application/json");
  let size = 0;
  try {
    for await (const chunk of inTime(chunksOf(body), patience)) {
      size += chunk.length;
      if (size > MAX_BODY) {
        failure = tooLarge(size, MAX_BODY);
        break;
      }
      if (failure !== null) continue;
      lifter.push(chunk);
      failure = lifter.failure;
      if (failure === null) await sink.settle();
    }
    if (size === 0) failure = fail("malformed-body", "The body is empty.");
    const text = failure ?? textOf(lifter.end());
    if (!text.ok) {
      await sink.abandon();
      return text;
    }
    if (lifter.hasCode) return ok({ text: text.value, code: await sink.finish() });
    await sink.abandon();
    return ok({ text: text.value, code: null });
  } catch (error) {
    await sink.abandon();
    return givenUp(error);
  }
}

function textOf(bytes: Uint8Array): Result<RawJson> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail("malformed-body", "The text is not UTF-8.");
  }
  const fault = jsonFault(text);
  return fault === null ? ok(text) : fail("malformed-body", fault);
}
