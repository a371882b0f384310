// GET of an activation with ?explain: what became of it, or what it waits for, step by step.

import { type ActivationId, shardOf } from "../../entities/activation-id.ts";
import { mayRead, readerOf } from "../../entities/record-reader.ts";
import { fail } from "../../errors.ts";
import { explainEnded, explainOpen } from "../../metrics/explain.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { flag } from "../query.ts";
import { json } from "../reply.ts";
import { activationOf, namespaceIdOf } from "./find.ts";
import { activationIdOf } from "./query.ts";

export const NOT_YOURS =
  "This key may not read this activation: it is of a name outside its scope, or its key did not start it.";

type Handler = (c: AppContext) => Promise<Response>;

/** What shows an activation, and explains it instead where that is asked for. */
export function explainable(show: Handler): Handler {
  return async (c) => {
    const explain = flag(c, "explain");
    if (!explain.ok) return respond(c, explain);
    if (!explain.value) return show(c);
    const id = activationIdOf(c);
    return id.ok ? explained(c, id.value) : respond(c, id);
  };
}

/** Only of the caller's own namespace; another's is as unknown as one that never was, and so is to a key that does not
 * read all of it what has not ended, which does not say whose it is. */
async function explained(c: AppContext, id: ActivationId): Promise<Response> {
  const { record, waiting } = await activationOf(c, id);
  const reader = readerOf(c.get("identity"));
  if (reader !== null && record === null) return respond(c, fail("not-found"));
  if (reader !== null && record !== null && !mayRead(reader, record)) return respond(c, fail("lacks-right", NOT_YOURS));
  const store = c.get("services").shard(await namespaceIdOf(c, id), shardOf(id));
  const place = await store.place(id);
  if (record !== null) return json(c, JSON.stringify(explainEnded(record, place)));
  const isOpen = place.state === "waiting" || place.state === "running" || place.state === "fired";
  if (waiting === undefined && !isOpen) return respond(c, fail("not-found"));
  const { since } = place;
  const open = { now: Date.now(), ...(waiting === undefined ? {} : { waiting }) };
  return json(c, JSON.stringify(explainOpen(id, { ...open, ...(since === undefined ? {} : { acceptedAt: since }) })));
}
