// What a web action came to, as the page its extension asks for.

import { errorMember } from "../../entities/outcome.ts";
import { fail } from "../../errors.ts";
import type { Invoked } from "../../invocation/invoke.ts";
import { withResult } from "../call.ts";
import type { AppContext } from "../context.ts";
import { answerOf } from "./answer.ts";
import type { Extension } from "./path.ts";
import { type Manners, pageOf, refusalOf } from "./reply.ts";

export async function outcomePage(
  c: AppContext,
  outcome: Extract<Invoked, { ok: true }>,
  { extension, manners }: { extension: Extension; manners: Manners },
): Promise<Response> {
  if (outcome.kind === "accepted") {
    return refusalOf(c, { ...fail("bad-request", "Response not yet ready."), status: 202 }, manners);
  }
  const { record, result: whole } = await withResult(c, outcome.record);
  if (record.statusCode > 1) {
    return refusalOf(c, fail("bad-request", "There was an error processing your request."), manners);
  }
  const result = record.statusCode === 0 ? whole : errorMember(whole);
  if (result === undefined) return refusalOf(c, fail("response-field-missing"), manners);
  const answer = answerOf(result, extension);
  return answer.ok ? pageOf(c, answer.value, manners) : refusalOf(c, answer, manners);
}
