// A list of activations as it is answered. One with conditions has the same body:
// what else there is to say stands in headers.

import { readerOf } from "../../entities/record-reader.ts";
import { fail } from "../../errors.ts";
import { countActivations, listActivations } from "../../invocation/record-list.ts";
import { searchActivations } from "../../invocation/record-search.ts";
import type { ActivationQuery } from "../../protocol/rpc.ts";
import type { AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { inTurns } from "../in-turn.ts";
import { flowing } from "../pieces.ts";
import { json } from "../reply.ts";
import { recordsOf } from "./find.ts";
import { documents, summaries } from "./pieces.ts";
import { activationQueryOf } from "./query.ts";
import { cursorOf, type SearchQuery, searchQueryOf } from "./search-query.ts";

/** Where the list goes on, as its `cursor`; absent: all has been looked at. */
const CURSOR = "X-Next-Cursor";
/** Epoch ms: all that started later has been looked at. */
const SCANNED_TO = "X-Scanned-To";
/** Of whole records that are answered in one turn: some ten of them. */
const PIECES = 50;
/** How many records that were. */
const SCANNED = "X-Scanned";

const NOT_COUNTED =
  "This key reads some of the activations only: they are not counted; go on with 'cursor' instead of 'skip'.";

export async function list(c: AppContext): Promise<Response> {
  const wanted = activationQueryOf(c);
  if (!wanted.ok) return respond(c, wanted);
  const { count, ...query } = wanted.value;
  const search = searchQueryOf(c, wanted.value);
  if (!search.ok) return respond(c, search);
  const reader = readerOf(c.get("identity"));
  if (reader !== null) {
    if (count || query.skip > 0) return respond(c, fail("bad-request", NOT_COUNTED));
    const { search: conditions = {}, ...from } = search.value ?? {};
    return searched(c, query, { ...from, search: { ...conditions, reader } });
  }
  if (search.value !== null) return searched(c, query, search.value);
  if (count) return json(c, JSON.stringify({ activations: await countActivations(recordsOf(c), query) }));
  const records = listActivations(recordsOf(c), query);
  const { blobs } = c.get("services").stores;
  return json(c, query.docs ? await flowing(inTurns(c, documents(records), PIECES), blobs) : await summaries(records));
}

async function searched(
  c: AppContext,
  { limit, docs, name, since, upto }: ActivationQuery & { docs: boolean },
  { search, after }: SearchQuery,
): Promise<Response> {
  const { blobs } = c.get("services").stores;
  const filter = {
    ...(name === undefined ? {} : { name }),
    ...(since === undefined ? {} : { since }),
    ...(upto === undefined ? {} : { upto }),
    ...(after === undefined ? {} : { after }),
  };
  const ports = {
    blobs,
    now: () => Date.now(),
    pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  };
  const { records, next, scanned } = await searchActivations(recordsOf(c), { filter, search, limit, docs }, ports);
  const headers = {
    [SCANNED]: String(scanned),
    ...(next === null ? {} : { [CURSOR]: cursorOf(next), [SCANNED_TO]: String(next.start) }),
    "Access-Control-Expose-Headers": [CURSOR, SCANNED_TO, SCANNED].join(", "),
  };
  async function* all() {
    yield* records;
  }
  return json(c, docs ? await flowing(inTurns(c, documents(all()), PIECES), blobs) : await summaries(all()), {
    headers,
  });
}
