// Compositions as openwhisk-composer makes, deploys and runs them, unmodified: parity 4.60.

import composer, { type Composition } from "openwhisk-composer";
import client, { type ComposerClient } from "openwhisk-composer/client.js";
import { afterAll, expect } from "vitest";
import { annotation, apiUrl, ask, fresh, key, line, namespace, recordOf, useApi } from "./suite.ts";

await useApi();

interface Numbered {
  n: number;
}

const made: string[] = [];
afterAll(async () => {
  for (const name of made) await ask("DELETE", `actions/${name}`);
});

function connect(): ComposerClient {
  return client({ apihost: apiUrl(), api_key: key(1), namespace: "_" }, true);
}

async function deploy(composition: Composition): Promise<string> {
  const name = fresh("composition");
  const deployed = await connect().compositions.deploy({ name, ...composition.compile() }, true);
  made.push(...deployed.map((each) => each.name.replace(/^\/_\//, "")));
  return name;
}

async function run(composition: Composition, params: object): Promise<unknown> {
  return connect().actions.invoke({ name: await deploy(composition), params, blocking: true, result: true });
}

const inline = (source: string) => composer.action(fresh("composed"), { action: source });
const INCREMENT = "function main({ n }) { return { n: n + 1 }; }";

line("4.60", "a composition is deployed over an old one, with what composer writes about it", async () => {
  const name = fresh("composition");
  const compiled = composer.sequence(inline(INCREMENT)).compile();
  for (let n = 0; n < 2; n++) await connect().compositions.deploy({ name, ...compiled }, true);
  const { json } = await ask("GET", `actions/${name}`);
  expect(json.version).toBe("0.0.1");
  expect(annotation(json, "conductor")).toMatchObject({ type: "sequence" });
  expect(annotation(json, "composerVersion")).toBe("0.12.0");
  expect(annotation(json, "conductorVersion")).toBe("0.12.0");
  expect(annotation(json, "provide-api-key")).toBe(true);
  made.push(name, ...(compiled.actions ?? []).map((each) => each.name.replace(/^\/_\//, "")));
});

line("4.60", "steps, choices and loops run as they are written", async () => {
  const increment = inline(INCREMENT);
  expect(await run(composer.sequence(increment, increment, increment), { n: 1 })).toEqual({ n: 4 });
  const choice = composer.if(
    ({ n }: Numbered) => n > 2,
    composer.action("/whisk.system/utils/echo"),
    composer.sequence(increment),
  );
  const name = await deploy(choice);
  const invoke = (n: number) => connect().actions.invoke({ name, params: { n }, blocking: true, result: true });
  expect([await invoke(1), await invoke(3)]).toEqual([{ n: 2 }, { n: 3 }]);
  expect(
    await run(
      composer.while(({ n }: Numbered) => n < 5, increment),
      { n: 0 },
    ),
  ).toEqual({ n: 5 });
  expect(await run(composer.repeat(3, increment), { n: 0 })).toEqual({ n: 3 });
});

line("4.60", "errors are caught, state is kept, and what is retained comes back", async () => {
  const fail = inline("function main() { return { error: 'on purpose' }; }");
  expect(
    await run(
      composer.try(fail, ({ error }: { error: unknown }) => ({ caught: error })),
      {},
    ),
  ).toEqual({ caught: "on purpose" });
  expect(await run(composer.retain(inline(INCREMENT)), { n: 1 })).toEqual({ params: { n: 1 }, result: { n: 2 } });
  const stateful = composer.let({ k: 40 }, inline(INCREMENT), composer.function("params => ({ n: params.n + k })"));
  expect(await run(stateful, { n: 1 })).toEqual({ n: 42 });
  const name = await deploy(composer.sequence(fail, inline(INCREMENT)));
  const answer = await ask("POST", `actions/${name}?blocking=true`, { body: {} });
  expect([answer.status, answer.json.response.result]).toEqual([502, { error: "on purpose" }]);
});

line("4.60", "a composition's record is the whole of it, and a composition may be a step of another", async () => {
  const inner = await deploy(composer.sequence(inline(INCREMENT)));
  const outer = await deploy(composer.sequence(composer.action(inner), inline(INCREMENT)));
  const { json } = await ask("POST", `actions/${outer}?blocking=true`, { body: { n: 1 } });
  expect(json.response.result).toEqual({ n: 3 });
  expect(annotation(json, "conductor")).toBe(true);
  const names = [];
  for (const id of json.logs) names.push((await recordOf(id)).name);
  expect(names).toEqual([outer, inner, outer, expect.any(String), outer]);
});

line("4.60", "the async combinator calls the composition again with the key its action has", async () => {
  const answer = await run(composer.async(inline(INCREMENT)), { n: 1 });
  expect(answer).toMatchObject({ method: "async", activationId: expect.stringMatching(/^[0-9a-f]{32}$/) });
  const record = await recordOf((answer as { activationId: string }).activationId);
  expect(record).toMatchObject({ namespace: namespace(1), response: { result: { n: 2 } } });
});
