// What a list of activations is asked for beyond what OpenWhisk's takes: conditions on each record, and where to go on.

import { isActivationId } from "../../entities/activation-id.ts";
import type { RecordKey } from "../../entities/kept-record.ts";
import { isName } from "../../entities/names.ts";
import { type RecordSearch, START_KINDS, STATUS_WORDS } from "../../entities/record-search.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { ActivationQuery } from "../../protocol/rpc.ts";
import { INTEGER, malformed, printable, type Query } from "../query.ts";
import { reversed } from "./query.ts";

export const SEARCH_PARAMETERS = [
  ...(["kind", "status", "minDuration", "maxDuration", "start", "cause", "trigger", "text", "cursor"] as const),
];

/** Beyond these a text is none that somebody typed. */
const MAX_TEXT = 256;
const KIND = /^[a-z0-9][a-z0-9._-]*(:[a-z0-9._-]+)?$/i;
const CURSOR = /^(\d{1,15})-([0-9a-f]{32})$/;

export interface SearchQuery {
  search: RecordSearch;
  after?: RecordKey;
}

type Wanted = Pick<ActivationQuery, "skip" | "since" | "upto"> & { count: boolean };

/** Null: it is a list as OpenWhisk has it. A parameter that is empty says nothing,
 * but `cursor=` asks for the first page. */
export function searchQueryOf(c: Query, { skip, count, since, upto }: Wanted): Result<SearchQuery | null> {
  const given = SEARCH_PARAMETERS.filter((name) => c.req.query(name) !== undefined);
  const [first] = given;
  if (first === undefined) return ok(null);
  if (count) return fail("bad-request", `The parameter 'count' is not permitted with '${first}': nothing is counted.`);
  if (skip > 0) {
    return fail("bad-request", `The parameter 'skip' is not permitted with '${first}': go on with 'cursor' instead.`);
  }
  if (since !== undefined && upto !== undefined && since > upto) return reversed(since, upto);
  const search: RecordSearch = {};
  let after: RecordKey | undefined;
  for (const name of given) {
    const text = c.req.query(name) ?? "";
    if (text === "") continue;
    if (name === "cursor") {
      const key = keyIn(text);
      if (key === null) return malformed(name, `'${printable(text)}' is not what a list ended with.`);
      after = key;
      continue;
    }
    const read = PARAMETERS[name](text);
    if (read === null) return malformed(name, `'${printable(text)}' is not ${EXPECTED[name]}.`);
    Object.assign(search, read);
  }
  const { minDuration = 0, maxDuration = Number.POSITIVE_INFINITY } = search;
  if (minDuration > maxDuration) {
    return malformed("minDuration", `'${minDuration}' is more than 'maxDuration', '${maxDuration}'.`);
  }
  return ok({ search, ...(after === undefined ? {} : { after }) });
}

export function cursorOf({ start, id }: RecordKey): string {
  return `${start}-${id}`;
}

function keyIn(text: string): RecordKey | null {
  const [, start = "", id = ""] = CURSOR.exec(text) ?? [];
  return id === "" ? null : { start: Number(start), id };
}

type Condition = Exclude<(typeof SEARCH_PARAMETERS)[number], "cursor">;

const EXPECTED: Record<Condition, string> = {
  kind: "a kind such as nodejs:20, nodejs, sequence or trigger",
  status: `one of ${STATUS_WORDS.join(", ")}`,
  minDuration: "a number of milliseconds",
  maxDuration: "a number of milliseconds",
  start: `one of ${START_KINDS.join(", ")}`,
  cause: "an activation id of 32 hexadecimal digits",
  trigger: "the name of a trigger",
  text: `a text of at most ${MAX_TEXT} characters`,
};

/** Null: it is not what is expected. */
const PARAMETERS: Record<Condition, (text: string) => RecordSearch | null> = {
  kind: (text) => (KIND.test(text) && text.length <= MAX_TEXT ? { kind: text } : null),
  status: (text) => word(STATUS_WORDS, text, (status) => ({ status })),
  minDuration: (text) => whole(text, (minDuration) => ({ minDuration })),
  maxDuration: (text) => whole(text, (maxDuration) => ({ maxDuration })),
  start: (text) => word(START_KINDS, text, (start) => ({ start })),
  cause: (text) => (isActivationId(text) ? { cause: text } : null),
  trigger: (text) => (isName(text) ? { trigger: text } : null),
  text: (text) => (text.length <= MAX_TEXT ? { text } : null),
};

function word<T extends string>(words: readonly T[], text: string, search: (word: T) => RecordSearch) {
  const found = words.find((each) => each === text);
  return found === undefined ? null : search(found);
}

function whole(text: string, search: (value: number) => RecordSearch): RecordSearch | null {
  return INTEGER.test(text) && Number(text) >= 0 ? search(Number(text)) : null;
}
