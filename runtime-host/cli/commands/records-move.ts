// `edgewhisk records move`: after a change of ACTIVATION_STORE, brings older records to where it has them, and tells
// how far they are.

import { setTimeout as sleep } from "node:timers/promises";
import { MovesAnswer, type NamespaceMove } from "../../../src/entities/record-administration.ts";
import { type ApiClient, type ApiReply, createApiClient } from "../../client/api-client.ts";
import { choice, toggle } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { DONE, failed, misused, refused } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS, administration } from "../shared/platform.ts";

/** ms between two looks. */
const LOOK_EVERY = 2_000;
const PATH = "/admin/v1/records/move";

export const recordsMove = defineCommand({
  name: "records move",
  group: "Administer a deployment",
  summary: "after a change of ACTIVATION_STORE: bring older records to where it has them",
  options: {
    to: choice(["d1", "r2", "d1+r2"], "where they go: what ACTIVATION_STORE is now", { placeholder: "d1|r2|d1+r2" }),
    status: toggle("only say how far it is"),
    "no-wait": toggle("order it, and do not wait for its end"),
    ...ADMIN_OPTIONS,
  },
  notes: `The objects that keep the records do it by themselves, a step at a time: they go on when this command ends, and when the
platform starts anew. Records are found and listed all the time. Run it again to go on waiting.

${ADMIN_NOTES}`,
  async run(call) {
    const { to, status, "no-wait": isLeft } = call.options;
    if (!status && to === undefined) return misused("--to says where records go: d1, r2 or d1+r2");
    const door = await administration(call);
    if (!door.ok) return door;
    const client = createApiClient(door.url, { kind: "admin", token: door.token });
    let said = "";
    for (let order = status ? undefined : to; ; order = undefined) {
      const reply = await everyNamespace(client, order);
      if (!reply.ok) return refused(reply);
      const { value } = reply;
      const left = value.filter((each) => each.state !== "done" && each.state !== "none");
      const text = textOf(value, left);
      const isOver = left.length === 0 || left.every((each) => each.state === "stopped");
      if (isOver || status || isLeft) {
        const damaged = value.reduce((sum, each) => sum + each.damaged, 0);
        call.print({ namespaces: value.filter((each) => each.state !== "none") }, text);
        if (left.some((each) => each.state === "stopped")) return failed("the mode was changed meanwhile");
        return damaged === 0 ? DONE : failed(`${damaged} segments cannot be read and are left as they are`);
      }
      if (text !== said) call.progress(text);
      said = text;
      await sleep(LOOK_EVERY);
    }
  },
});

/** Page by page. */
async function everyNamespace(client: ApiClient, to: string | undefined): Promise<ApiReply<NamespaceMove[]>> {
  const items: NamespaceMove[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const asked: ApiReply<{ items: NamespaceMove[]; next: string | null }> =
      to === undefined
        ? await client.ask("GET", `${PATH}?after=${encodeURIComponent(after)}`, { schema: MovesAnswer })
        : await client.ask("POST", PATH, { body: { to, after }, schema: MovesAnswer });
    if (!asked.ok) return asked;
    items.push(...asked.value.items);
    after = asked.value.next;
  }
  return { ok: true, value: items };
}

function textOf(all: readonly NamespaceMove[], left: readonly NamespaceMove[]): string {
  const moved = all.reduce((sum, each) => sum + each.moved, 0);
  const known = all.filter((each) => each.state !== "none").length;
  const lines = left
    .filter((each) => each.reason !== undefined)
    .slice(0, 5)
    .map(({ namespace, state, reason }) => `  ${namespace} is ${state}: ${reason}`);
  return [
    `${known - left.length} of ${known} namespaces are done; steps for ${moved} records were made`,
    ...lines,
  ].join("\n");
}
