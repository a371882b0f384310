// Request bodies: bounded by what they say and by what they are, strict UTF-8, JSON checked once and kept as text.

import { decoded } from "../entities/charset.ts";
import { chunksOf } from "../entities/chunks.ts";
import type { Identity } from "../entities/identity.ts";
import { jsonFault } from "../entities/json-check.ts";
import { MAX_PAYLOAD, MB } from "../entities/limits.ts";
import { type RawJson, shapeOf } from "../entities/raw-json.ts";
import { bytesOfSize } from "../entities/size.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { AppContext } from "./context.ts";
import { GivenUp, inTime, type Patience, wholeInTime } from "./patience.ts";
import { lateRefusal } from "./still-good.ts";

/** Bytes of a refused body that are still read. */
const MAX_DISCARDED_BYTES = 64 * MB;

/** The JSON object in the body of an invoke or fire, or undefined where there is no body. */
export async function payloadOf(c: AppContext, max = MAX_PAYLOAD): Promise<Result<RawJson | undefined>> {
  const request = c.req.raw;
  if (request.body === null || request.headers.get("Content-Length") === "0") return ok(undefined);
  const bytes = await timely(c, max);
  if (!bytes.ok) return bytes;
  if (bytes.value.byteLength === 0) return ok(undefined);
  const text = textOf(request, bytes.value);
  if (!text.ok) return text;
  return shapeOf(text.value) === "object" ? text : fail("malformed-body", "Object expected.");
}

/** The JSON in the body of a PUT, whatever its shape. */
export async function putBodyOf(c: AppContext, max: number): Promise<Result<RawJson>> {
  const request = c.req.raw;
  if (request.body === null) return fail("malformed-body", "The body is empty.");
  const bytes = await timely(c, max);
  if (!bytes.ok) return bytes;
  if (bytes.value.byteLength === 0) return fail("malformed-body", "The body is empty.");
  return textOf(request, bytes.value);
}

/** A body that took its time is taken only if its sender's key is good still. */
async function timely(c: AppContext, max: number): Promise<Result<ArrayBuffer | Uint8Array>> {
  const began = Date.now();
  const bytes = await bytesOf(c.req.raw, { max, patience: patienceWith(c) });
  return (bytes.ok ? await lateRefusal(c, began) : null) ?? bytes;
}

function textOf(request: Request, bytes: ArrayBuffer | Uint8Array): Result<RawJson> {
  if (!isJson(request.headers.get("Content-Type"))) return fail("unsupported-media", "application/json");
  const text = decoded(bytes, request.headers.get("Content-Type"));
  if (text === null) return fail("malformed-body", "The text is not UTF-8.");
  const fault = jsonFault(text);
  return fault === null ? ok(text) : fail("malformed-body", fault);
}

/** Bytes of a payload, by what the namespace's limits say. */
export function maxPayload(own: string | undefined): number {
  return own === undefined ? MAX_PAYLOAD : Math.min(MAX_PAYLOAD, bytesOfSize(own) ?? MAX_PAYLOAD);
}

export function isJson(type: string | null): boolean {
  if (type === null) return false;
  return type === "application/json" || /^application\/json\s*(;|$)/i.test(type);
}

/** Bytes up to which a body is asked for as one. */
const SHORT_BYTES = 4_096;

/** Counts what arrives where the request does not say how much it is. */
export async function bytesOf(
  request: Request,
  { max, patience }: { max: number; patience: Patience },
): Promise<Result<ArrayBuffer | Uint8Array>> {
  const said = request.headers.get("Content-Length");
  if (said !== null && Number(said) > max) return tooLarge(Number(said), max);
  try {
    if (said !== null && Number(said) <= SHORT_BYTES) return ok(await wholeInTime(request.arrayBuffer(), patience));
    return await gathered(request.body as ReadableStream<Uint8Array>, { max, patience });
  } catch (cause) {
    return givenUp(cause);
  }
}

async function gathered(
  body: ReadableStream<Uint8Array>,
  { max, patience }: { max: number; patience: Patience },
): Promise<Result<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of inTime(chunksOf(body), patience)) {
    size += chunk.byteLength;
    // Beyond the bound it is only read, so that its sender hears the answer.
    if (size <= max) chunks.push(chunk.slice());
    else if (size > max + MAX_DISCARDED_BYTES) break;
  }
  return size > max ? tooLarge(size, max) : ok(concat(chunks, size));
}

/** Reads what nobody wanted of a body, within bounds: a client that is still writing would not hear the answer. */
export async function discardRest(request: Request, patience: Patience): Promise<void> {
  const said = request.headers.get("Content-Length");
  if (said === "0" || Number(said) > MAX_DISCARDED_BYTES) return;
  const { body } = request;
  if (body === null) return;
  let size = 0;
  try {
    for await (const chunk of inTime(chunksOf(body), patience)) {
      size += chunk.byteLength;
      if (size > MAX_DISCARDED_BYTES) break;
    }
  } catch {
    // The sender went away or writes no more: nobody is left to be told, or he hears it now.
  }
}

const GIVEN_UP = { silent: "silent-body", slow: "slow-body", crowded: "too-many-bodies" } as const;

/** Why a body was given up, if it was. */
export function givenUp(cause: unknown): Failure {
  if (!(cause instanceof GivenUp)) throw cause;
  return fail(GIVEN_UP[cause.reason]);
}

/** `sender`: whose late bodies are counted together; by default the caller's key. */
export function patienceWith(c: AppContext, sender?: string): Patience {
  return {
    now: () => Date.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    unfinished: c.get("unfinished"),
    sender: sender ?? keyOf(c.get("identity")),
  };
}

/** What is counted together as one key's. Routes without an identity are the administrator's. */
export function keyOf(identity: Identity | undefined): string {
  return identity === undefined ? "admin" : `key:${identity.keyId || identity.namespace.uuid}`;
}

export function tooLarge(size: number, max: number): Failure {
  return fail("too-large", `Request larger than allowed: ${size} > ${max} bytes.`);
}

function concat(chunks: Uint8Array[], size: number): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
