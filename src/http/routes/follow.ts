// GET /namespaces/{ns}/activations/{id}/logs?follow=true: the log as it is written, as server-sent events. Each line is one event
// (JSON text; its id is the line's number, from 1), the last event is `end`. Who comes again with Last-Event-ID goes on from there.

import type { ActivationRecord, Payload } from "../../entities/activation.ts";
import { type ActivationId, shardOf } from "../../entities/activation-id.ts";
import { chunksOf } from "../../entities/chunks.ts";
import { idsOf } from "../../entities/identity.ts";
import { StringListReader } from "../../entities/string-list.ts";
import { fail } from "../../errors.ts";
import { type FollowEvent, type FollowPorts, follow } from "../../invocation/follow.ts";
import { homeOf } from "../../invocation/history.ts";
import type { BlobStore } from "../../storage/blob-store.ts";
import { keyOf } from "../body.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { streamOf } from "../pieces.ts";
import { type Place, Places } from "../places.ts";
import { reply } from "../reply.ts";
import { type Guard, guarding } from "../still-good.ts";

export const EVENT_STREAM = "text/event-stream";
/** A client whose stream ended without `end` asks again after so many ms. */
const RETRY = "retry: 1000\n\n";

/** Streams of one key at once, and of all of them, in one isolate. */
export const MAX_STREAMS = 64;
const MAX_OF_ALL = 1_024;
/** ms after which a stream counts as gone whose request does not say that it lives, and between two times that it does. */
const LEASE = 30_000;
const RENEW = 10_000;

export function followers(): Places {
  return new Places({ ofOne: MAX_STREAMS, ofAll: MAX_OF_ALL, lease: LEASE });
}

export async function followLogs(c: AppContext, id: ActivationId, places: Places): Promise<Response> {
  const gone = Promise.withResolvers<null>();
  // Called from another request: nothing of this one may be touched there but its promise.
  const giveWay = () => gone.resolve(null);
  const place = places.enter(keyOf(c.get("identity")), { now: Date.now(), giveWay });
  if (place === null) return respond(c, fail("too-many-streams", String(MAX_STREAMS)));
  const alive = setInterval(() => place.renew(Date.now()), RENEW);
  const stay: Stay = {
    gone: gone.promise,
    leave() {
      clearInterval(alive);
      place.leave();
    },
  };
  try {
    const answer = await streamed(c, id, stay);
    if (answer !== null) return answer;
  } catch (cause) {
    stay.leave();
    throw cause;
  }
  stay.leave();
  return respond(c, fail("not-found"));
}

interface Stay extends Pick<Place, "leave"> {
  /** Resolves when the place was taken away. */
  gone: Promise<null>;
}

/** Null: nobody knows the activation. Who gets an answer leaves its place at the end of it. */
async function streamed(c: AppContext, id: ActivationId, stay: Stay): Promise<Response | null> {
  const services = c.get("services");
  const storeOf = (namespace: string) => services.shard(namespace, shardOf(id));
  const namespaceId = await homeOf(storeOf, id, idsOf(c.get("identity").namespace));
  const ports: FollowPorts = {
    now: () => Date.now(),
    store: storeOf(namespaceId),
    composition: services.shardComposition(namespaceId, shardOf(id)),
    schedulers: () => services.schedulers((work) => c.executionCtx.waitUntil(work)),
    scheduler: (name) => services.scheduler(name),
    linesOf: ({ logs }) => linesOf(logs, services.stores.blobs),
  };
  const told = follow(ports, { id, namespaceId });
  const first = await told.next();
  if (first.done === true || first.value.kind === "unknown") return null;
  const seen = Number(c.req.raw.headers.get("Last-Event-ID") ?? "0") || 0;
  const headers = { "Content-Type": EVENT_STREAM, "Cache-Control": "no-cache" };
  const story = { first: first.value, rest: told, seen, guard: guarding(c), stay };
  return reply(c, streamOf(events(story)), { headers });
}

async function* linesOf(logs: Payload, blobs: Pick<BlobStore, "get">): AsyncGenerator<string[]> {
  if ("inline" in logs) {
    yield (JSON.parse(logs.inline) as string[] | null) ?? [];
    return;
  }
  const blob = await blobs.get(logs.blob);
  if (blob === null) return;
  const reader = new StringListReader();
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(blob.body)) yield reader.push(decoder.decode(chunk, { stream: true }));
}

/** `seen`: lines the client has already. Whose key or place is taken away hears nothing more, and no `end`. */
async function* events(story: {
  first: FollowEvent;
  rest: AsyncGenerator<FollowEvent>;
  seen: number;
  guard: Guard;
  stay: Stay;
}): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let { seen } = story;
  const text = (word: FollowEvent): string => {
    switch (word.kind) {
      case "lines": {
        const before = word.count - word.lines.length;
        return word.lines.map((line, at) => (before + at < seen ? "" : eventOf(line, before + at + 1))).join("");
      }
      case "again":
        seen = 0;
        return "event: again\ndata: null\n\n";
      case "idle":
        return ": still there\n\n";
      case "end":
        return `event: end\ndata: ${summaryOf(word.record)}\n\n`;
      case "unknown":
        return `event: end\ndata: null\n\n`;
    }
  };
  const refused = story.guard.refused.then(() => null);
  try {
    yield encoder.encode(RETRY + text(story.first));
    for (;;) {
      const next = await Promise.race([story.rest.next(), refused, story.stay.gone]);
      if (next === null || next.done === true) return;
      const events = text(next.value);
      if (events !== "") yield encoder.encode(events);
    }
  } finally {
    story.guard.stop();
    story.stay.leave();
    // Not waited for: a question to a scheduler may be under way.
    story.rest.return(undefined).catch(() => undefined);
  }
}

function eventOf(line: string, number: number): string {
  return `id: ${number}\ndata: ${JSON.stringify(line)}\n\n`;
}

function summaryOf({ activationId, statusCode }: ActivationRecord): string {
  return JSON.stringify({ activationId, statusCode });
}
