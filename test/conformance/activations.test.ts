// Activations: lists, records, results and logs: parity 2.9, 2.10, 4.3.

import { expect } from "vitest";
import { annotation, ask, code, ECHO, fresh, type Loose, line, make, namespace, recordOf, useApi } from "./suite.ts";

await useApi();

const post = (name: string, query: string, body?: unknown) => ask("POST", `actions/${name}${query}`, { body });

async function action(source = ECHO, more: object = {}): Promise<string> {
  const name = fresh("inv");
  await make(`actions/${name}`, code(source, more));
  return name;
}

line("8.17 8.20 2.125", "logs carry time and stream; a limit of 0 keeps none", async () => {
  const source = "function main() { console.log('out'); console.error('err'); return {}; }";
  const record = await recordOf((await post(await action(source), "", {})).json.activationId);
  expect(record.logs).toHaveLength(2);
  for (const [stream, text] of [
    ["stdout", "out"],
    ["stderr", "err"],
  ])
    expect(
      record.logs.some((each: string) => new RegExp(`^\\d{4}-\\d\\d-\\d\\dT.{19,20} ${stream}: ${text}$`).test(each)),
    ).toBe(true);
  const logs = await ask("GET", `activations/${record.activationId}/logs`);
  expect(logs.json).toEqual({ logs: record.logs });
  const none = await action(source, { limits: { logs: 0 } });
  expect((await recordOf((await post(none, "", {})).json.activationId)).logs).toEqual([]);
});

line("2.119 2.129", "a list item is a summary", async () => {
  const name = await action();
  const { activationId } = (await post(name, "?blocking=true", {})).json;
  await recordOf(activationId);
  const [item] = (await ask("GET", `activations?name=${name}`)).json;
  expect(Object.keys(item).sort()).toEqual(
    [
      "activationId",
      "annotations",
      "duration",
      "end",
      "name",
      "namespace",
      "publish",
      "start",
      "statusCode",
      "version",
    ].sort(),
  );
  expect(item).toMatchObject({ activationId, statusCode: 0, name, namespace: namespace(1) });
  for (const field of ["start", "end", "duration"]) expect(Number.isInteger(item[field])).toBe(true);
});

line("2.120", "docs=true lists whole records", async () => {
  const name = await action("function main() { console.log('x'); return { r: 1 }; }");
  await recordOf((await post(name, "", {})).json.activationId);
  const [item] = (await ask("GET", `activations?name=${name}&docs=true`)).json;
  expect(item).toMatchObject({ response: { status: "success", result: { r: 1 } } });
  expect(item.logs).toHaveLength(1);
});

line("2.115 2.36", "since, upto, skip and limit choose, newest first", async () => {
  const name = await action();
  const ids: string[] = [];
  const starts: number[] = [];
  for (let n = 0; n < 3; n++) {
    const { json } = await post(name, "?blocking=true", {});
    ids.push(json.activationId);
    starts.push((await recordOf(json.activationId)).start);
    await new Promise((done) => setTimeout(done, 20));
  }
  const list = async (query: string) =>
    (await ask("GET", `activations?name=${name}&${query}`)).json.map(
      (each: { activationId: string }) => each.activationId,
    );
  expect(await list("")).toEqual([...ids].reverse());
  expect(await list("limit=1")).toEqual([ids[2]]);
  expect(await list("limit=1&skip=1")).toEqual([ids[1]]);
  expect(await list(`since=${starts[1]}`)).toEqual([ids[2], ids[1]]);
  expect(await list(`upto=${starts[1]}`)).toEqual([ids[1], ids[0]]);
  expect((await ask("GET", `activations?name=${name}&count=true`)).json).toEqual({ activations: 3 });
});

line("2.115 2.117", "a number may have a sign, and an activation's address a slash behind it", async () => {
  const name = await action();
  const { json } = await post(name, "?blocking=true", {});
  const path = `activations/${json.activationId}`;
  expect((await ask("GET", `${path}/`)).json).toEqual((await ask("GET", path)).json);
  for (const query of ["since=-5&limit=1", "limit=%2B1", "skip=%2B0&limit=1", "upto=%2B9999999999999&limit=1"]) {
    const answer = await ask("GET", `activations?${query}`);
    expect([query, answer.status, answer.json.length]).toEqual([query, 200, 1]);
  }
  // Whatever the text of a refusal says, the unit is ms.
  const { start } = await recordOf(json.activationId);
  for (const [query, found] of [
    [`since=${start}`, 1],
    [`since=${start + 1}`, 0],
    [`upto=${start}`, 1],
    [`upto=${start - 1}`, 0],
  ])
    expect([query, (await ask("GET", `activations?name=${name}&${query}`)).json.length]).toEqual([query, found]);
});

line("2.115", "what may be a name may be asked for by it, in a package or not", async () => {
  const [name, pack] = [`${fresh("a")} b@c.d&e-f`, `${fresh("p")}.q&r`];
  await make(`packages/${encodeURIComponent(pack)}`, {});
  for (const path of [[name], [pack, name]]) {
    const address = path.map(encodeURIComponent).join("/");
    await make(`actions/${address}`, code(ECHO));
    const { activationId } = (await post(address, "?blocking=true", {})).json;
    await recordOf(activationId);
    for (const filter of [path.join("/"), `/${path.join("/")}`]) {
      const { status, json } = await ask("GET", `activations?name=${encodeURIComponent(filter)}`);
      expect([filter, status, json.map?.((each: Loose) => each.activationId)]).toEqual([filter, 200, [activationId]]);
    }
  }
  expect((await ask("GET", "activations?name=%20&limit=1")).json).toHaveLength(1);
});

line("2.116 2.117 2.118", "activation queries that make no sense are refused with their texts", async () => {
  const error = async (query: string) => {
    const answer = await ask("GET", `activations?${query}`);
    return [answer.status, answer.json.error];
  };
  const said = (field: string, why: string) => [400, `The query parameter '${field}' was malformed:\n${why}`];
  expect(await error("name=a/b/c")).toEqual(
    said("name", "Parameter may be a 'simple' name or 'package-name/simple' name: a/b/c"),
  );
  for (const field of ["since", "upto"])
    expect(await error(`${field}=x`)).toEqual(said(field, "Parameter is not a valid value for epoch seconds: x"));
  expect(await error("docs=true&count=true&upto=x")).toEqual(
    said("upto", "Parameter is not a valid value for epoch seconds: x"),
  );
  for (const query of ["docs=true&count=true", "count=true&docs=true&name=none"])
    expect(await error(query)).toEqual([400, "The parameter 'docs' is not permitted with 'count'."]);
});

line("2.122 2.123 2.124", "record and result show the outcome in words, without a number", async () => {
  const name = await action();
  const record = await recordOf((await post(name, "", { a: 1 })).json.activationId);
  expect(record.response).toMatchObject({ status: "success", success: true, result: { a: 1 } });
  expect(record.response).not.toHaveProperty("statusCode");
  expect(record).not.toHaveProperty("statusCode");
  expect(record.duration).toBe(record.end - record.start);
  expect((await ask("GET", `activations/${record.activationId}/result`)).json).toMatchObject({
    result: { a: 1 },
    success: true,
    status: "success",
  });
});

line("2.126 2.127", "ids are checked, unknown ones are 404, and so is anything below them", async () => {
  expect(await ask("GET", "activations/abc")).toMatchObject({
    status: 400,
    json: { error: expect.stringContaining("Activation id length is 3 but must be 32.") },
  });
  for (const id of ["g".repeat(32), "A".repeat(32)])
    expect(await ask("GET", `activations/${id}`)).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining("The activation id is not valid.") },
    });
  expect((await ask("GET", `activations/${"0".repeat(32)}`)).status).toBe(404);
  const { activationId } = (await post(await action(), "", {})).json;
  await recordOf(activationId);
  expect((await ask("GET", `activations/${activationId}/nothing`)).status).toBe(404);
});

line("4.26 4.27 2.123", "times add up: waiting comes before the start, loading is part of a cold run", async () => {
  const name = await action(
    "require('fs').statSync('.'); const until = Date.now() + 200; while (Date.now() < until); function main() { return new Promise((r) => setTimeout(() => r({}), 100)); }",
  );
  const asked = Date.now();
  const cold = (await post(name, "?blocking=true", {})).json;
  const took = Date.now() - asked;
  expect(annotation(cold, "initTime")).toBeGreaterThanOrEqual(190);
  expect(cold.duration).toBeGreaterThanOrEqual(annotation(cold, "initTime") + 90);
  expect(annotation(cold, "waitTime") + cold.duration).toBeLessThanOrEqual(took + 50);
  expect(cold.end - cold.start).toBe(cold.duration);
  expect(Math.abs(cold.start - annotation(cold, "waitTime") - asked)).toBeLessThan(10_000 + took);
});

line("4.30", "the record of an answered call can be polled, and says what the answer said", async () => {
  const name = await action("function main(a) { console.log('logged'); return a; }");
  const answer = (await post(name, "?blocking=true", { deep: [1, { two: null }] })).json;
  const { logs, ...record } = await recordOf(answer.activationId);
  expect(logs).toHaveLength(1);
  expect({ ...record, logs: [] }).toEqual(answer);
});
