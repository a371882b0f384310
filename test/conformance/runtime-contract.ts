// What every runtime we ship promises, whatever starts it: registers the cases against `start`, with the action's code per
// family. Each case has a runtime of its own, as each container has one action.
import { describe, expect, it } from "vitest";
import { count, type RuntimeClient, type StartRuntime, using } from "../support/runtime-client.ts";
import type { Case, Family } from "./runtime-case.ts";
import { SHARED_CASES } from "./runtime-cases.ts";
import { NODEJS_CASES } from "./runtime-cases-nodejs.ts";
import { PYTHON_CASES } from "./runtime-cases-python.ts";
import { registerProtocol } from "./runtime-protocol.ts";

const PATIENCE = { timeout: 10_000 };

export function registerRuntimeContract(family: Family, start: StartRuntime): void {
  const cases = [
    ...SHARED_CASES.map((shared) => shared(family)),
    ...(family === "nodejs" ? NODEJS_CASES : PYTHON_CASES),
  ];
  describe("actions", () => {
    for (const each of cases) {
      it(each.name, async () => {
        await using(start, each.env, (client) => play(client, each));
      });
    }
  });
  describe("protocol", () => registerProtocol(family, start));
}

async function play(client: RuntimeClient, each: Case): Promise<void> {
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
  await expect.poll(() => [count(logs().stdout), count(logs().stderr)], PATIENCE).toEqual([ended, ended]);
  expect(logs().stdout).toMatch(each.stdout ?? /^XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n$|^$/);
  expect(logs().stderr).toMatch(each.stderr ?? (ended === 1 && taken.status !== 502 ? /^XXX_THE_END[^\n]*\n$/ : /./));
}
