// GET /namespaces/{ns}/activations/{id}/logs?follow=true: the log as it is written, as server-sent events. A stream
// lasts as long as its place, its key and the activation do.

import type { Payload } from "../../entities/activation.ts";
import { type ActivationId, shardOf } from "../../entities/activation-id.ts";
import { LOST_LOGS } from "../../entities/activation-view.ts";
import { chunksOf } from "../../entities/chunks.ts";
import { readerOf } from "../../entities/record-reader.ts";
import { StringListReader } from "../../entities/string-list.ts";
import { fail } from "../../errors.ts";
import { type FollowEvent, type FollowPorts, follow } from "../../invocation/follow.ts";
import type { BlobStore } from "../../storage/blob-store.ts";
import { namespaceIdOf } from "../activations/find.ts";
import { keyOf } from "../body.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { streamOf } from "../pieces.ts";
import { Places, type TakenPlace } from "../places.ts";
import { reply } from "../reply.ts";
import { type Guard, guarding } from "../still-good.ts";
import { EVENT_STREAM, EventLog, RETRY } from "./events.ts";

/** Streams of one key at once, and of all of them, in one isolate. */
export const MAX_STREAMS = 64;
const MAX_OF_ALL = 1_024;
/** ms after which a stream counts as gone whose request does not say that it lives,
 * and between two times that it does. */
const LEASE_MS = 30_000;
const RENEW_MS = 10_000;

/** Who follows logs, in one isolate. */
export function followers(): Places {
  return new Places({ ofOne: MAX_STREAMS, ofAll: MAX_OF_ALL, lease: LEASE_MS });
}

/** The log of one of the caller's activations as it is written, from where the client says that it is. */
export async function followLogs(c: AppContext, id: ActivationId, places: Places): Promise<Response> {
  const gone = Promise.withResolvers<null>();
  // Called from another request: nothing of this one may be touched there but its promise.
  const giveWay = () => gone.resolve(null);
  const taken = places.enter(keyOf(c.get("identity")), { now: Date.now(), giveWay });
  if (taken === null) return respond(c, fail("too-many-streams", String(MAX_STREAMS)));
  const alive = setInterval(() => taken.renew(Date.now()), RENEW_MS);
  const place: StreamPlace = {
    gone: gone.promise,
    leave() {
      clearInterval(alive);
      taken.leave();
    },
  };
  try {
    const answer = await streamed(c, id, place);
    if (answer !== null) return answer;
  } catch (cause) {
    place.leave();
    throw cause;
  }
  place.leave();
  return respond(c, fail("not-found"));
}

interface StreamPlace extends Pick<TakenPlace, "leave"> {
  /** Resolves when the place was taken away. */
  gone: Promise<null>;
}

/** Null: nobody knows the activation. Who gets an answer leaves its place at the end of it. */
async function streamed(c: AppContext, id: ActivationId, place: StreamPlace): Promise<Response | null> {
  const services = c.get("services");
  const namespaceId = await namespaceIdOf(c, id);
  const ports: FollowPorts = {
    now: () => Date.now(),
    store: services.shard(namespaceId, shardOf(id)),
    composition: services.shardComposition(namespaceId, shardOf(id)),
    schedulers: () => services.schedulers((work) => c.executionCtx.waitUntil(work)),
    scheduler: (name) => services.scheduler(name),
    linesOf: ({ logs }) => linesOf(logs, services.stores.blobs),
  };
  const reader = readerOf(c.get("identity")) ?? undefined;
  const followed = follow(ports, { id, namespaceId, reader });
  const first = await followed.next();
  if (first.done === true || first.value.kind === "unknown") return null;
  const seen = Number(c.req.raw.headers.get("Last-Event-ID") ?? "0") || 0;
  const headers = { "Content-Type": EVENT_STREAM, "Cache-Control": "no-cache" };
  const stream = { first: first.value, rest: followed, log: new EventLog(seen), guard: guarding(c), place };
  return reply(c, streamOf(events(stream)), { headers });
}

async function* linesOf(logs: Payload, blobs: Pick<BlobStore, "get">): AsyncGenerator<string[]> {
  if ("inline" in logs) {
    yield (JSON.parse(logs.inline) as string[] | null) ?? [];
    return;
  }
  const blob = await blobs.get(logs.blob);
  if (blob === null) {
    yield JSON.parse(LOST_LOGS) as string[];
    return;
  }
  const reader = new StringListReader();
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(blob.body)) yield reader.push(decoder.decode(chunk, { stream: true }));
}

/** Whose key or place is taken away hears nothing more, and no `end`. */
async function* events(stream: {
  first: FollowEvent;
  rest: AsyncGenerator<FollowEvent>;
  log: EventLog;
  guard: Guard;
  place: StreamPlace;
}): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const { log } = stream;
  const refused = stream.guard.refused.then(() => null);
  try {
    yield encoder.encode(RETRY + log.text(stream.first));
    for (;;) {
      const next = await Promise.race([stream.rest.next(), refused, stream.place.gone]);
      if (next === null || next.done === true) return;
      const text = log.text(next.value);
      if (text !== "") yield encoder.encode(text);
    }
  } finally {
    stream.guard.stop();
    stream.place.leave();
    // Not waited for: a question to a scheduler may be under way.
    stream.rest.return(undefined).catch(() => undefined);
  }
}
