// One case of the contract: taken in, run, and both answers and both streams looked at.
import { expect } from "vitest";
import { count, type RuntimeClient } from "../support/runtime-client.ts";
import type { Case } from "./runtime-case.ts";

export async function play(client: RuntimeClient, each: Case): Promise<void> {
  const taken = await client.init(
    typeof each.init === "string" ? { name: "test", main: "main", code: each.init } : each.init,
  );
  if (each.initAnswer !== undefined) {
    expect(taken.status).toBe(each.initAnswer.status);
    expect(taken.body).toEqual({ error: expect.stringMatching(each.initAnswer.error) });
  } else expect(taken, `init said ${taken.text}, ${client.runtime.logs().stderr}`).toMatchObject({ status: 200 });
  if (each.answer !== undefined) {
    const answer = await client.run(each.args ?? {}, each.context);
    expect(answer.body, client.runtime.logs().stderr).toEqual(each.answer.body);
    expect(answer.status).toBe(each.answer.status);
    expect(answer.headers["content-length"]).toBe(String(Buffer.byteLength(answer.text)));
  }
  const { logs } = client.runtime;
  const ended = each.answer !== undefined || taken.status === 502 ? 1 : 0;
  await expect.poll(() => [count(logs().stdout), count(logs().stderr)]).toEqual([ended, ended]);
  expect(logs().stdout).toMatch(each.stdout ?? /^XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n$|^$/);
  expect(logs().stderr).toMatch(each.stderr ?? (ended === 1 && taken.status !== 502 ? /^XXX_THE_END[^\n]*\n$/ : /./));
}
