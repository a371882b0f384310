// `edgewhisk activation explain`: what became of an activation, step by step; of one that waits,
// for what and what would help.

import * as z from "zod";
import { defineCommand } from "../shared/command.ts";
import { DONE, misused, refused } from "../shared/exit-codes.ts";
import { openApi, PLATFORM_OPTIONS } from "../shared/platform.ts";

const ID_WANTED = "expected one activation id: 32 hex digits, as in the answer of a call or in a list of activations";

const Explanation = z.looseObject({
  activationId: z.string(),
  state: z.string(),
  steps: z.array(
    z.looseObject({ what: z.string(), at: z.number().optional(), ms: z.number().optional(), text: z.string() }),
  ),
  cost: z.object({ containerMs: z.number(), mbSeconds: z.number() }).optional(),
  waitsFor: z.string().optional(),
  helps: z.string().optional(),
});
type Explanation = z.infer<typeof Explanation>;

export const activationExplain = defineCommand({
  name: "activation explain",
  group: "Look at what happens",
  summary: "what became of an activation, step by step, or what it waits for",
  positionals: [{ name: "activation", summary: "its id: 32 hex digits", complaint: ID_WANTED }],
  options: PLATFORM_OPTIONS,
  async run(call) {
    const [id = ""] = call.positionals;
    if (!/^[0-9a-f]{32}$/.test(id)) return misused(ID_WANTED);
    const opened = openApi(call);
    if (!opened.ok) return opened;
    const path = `/api/v1/namespaces/_/activations/${id}?explain=true`;
    const reply = await opened.client.ask("GET", path, { schema: Explanation });
    if (!reply.ok) return refused(reply);
    call.print(reply.value, textOf(reply.value));
    return DONE;
  },
});

/** Times count from the first step. */
function textOf({ activationId, state, steps, cost, helps }: Explanation): string {
  const first = steps.find((step) => step.at !== undefined)?.at;
  const begun = first === undefined ? "" : `, from ${new Date(first).toISOString()}`;
  const rows = steps.map(({ what, at, ms, text }) => {
    const offset = at === undefined || first === undefined ? "" : `+${at - first} ms`;
    const took = ms === undefined ? "" : ` (${ms} ms)`;
    return `${offset.padStart(10)}  ${what.padEnd(12)}${text}${took}`;
  });
  return [
    `${activationId}: ${state}${begun}`,
    ...rows,
    ...(cost === undefined ? [] : [`it cost ${cost.containerMs} ms of a container, ${cost.mbSeconds} MB·s`]),
    ...(helps === undefined ? [] : [`what would help: ${helps}`]),
  ].join("\n");
}
