// Actions as entities: parity 2.3, 2.4, 3.1, 3.2, 3.3, 3.5.

import { expect } from "vitest";
import { annotation, ask, code, ECHO, fresh, line, make, namespace, useApi } from "./suite.ts";

await useApi();

const P = (name: string, value: unknown) => ({ key: name, value });
const put = (name: string, body: unknown, query = "?overwrite=true") => ask("PUT", `actions/${name}${query}`, { body });

async function action(body: object = {}): Promise<string> {
  const name = fresh("act");
  await make(`actions/${name}`, code(ECHO, body));
  return name;
}

line(
  "2.39 2.54 2.64 2.65 3.05 3.07 3.15",
  "create answers 200 with the whole action and the server's annotations",
  async () => {
    const name = fresh("create");
    const before = Date.now();
    const answer = await put(name, code(ECHO, { parameters: [P("a", 1)] }), "");
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      namespace: namespace(1),
      name,
      version: "0.0.1",
      publish: false,
      parameters: [P("a", 1)],
      limits: { timeout: 60000, memory: 256, logs: 10, concurrency: 1 },
      exec: { kind: expect.stringMatching(/^nodejs:\d+$/), code: ECHO, binary: false },
    });
    expect(Number.isInteger(answer.json.updated)).toBe(true);
    expect(answer.json.updated).toBeGreaterThanOrEqual(before - 60_000);
    expect(annotation(answer.json, "exec")).toBe(answer.json.exec.kind);
    expect(annotation(answer.json, "provide-api-key")).toBe(false);
    expect((await ask("GET", `actions/${name}`)).json).toEqual(answer.json);
    await ask("DELETE", `actions/${name}`);
  },
);

line("2.40 2.41", "a second create needs overwrite; overwrite creates as well", async () => {
  const name = await action();
  expect(await put(name, code(ECHO), "")).toMatchObject({ status: 409, json: { error: "resource already exists" } });
  expect(await put(name, code(ECHO), "?overwrite=false")).toMatchObject({ status: 409 });
  const other = fresh("new");
  expect((await put(other, code(ECHO))).status).toBe(200);
  await ask("DELETE", `actions/${other}`);
});

line("2.45 3.05", "delete answers the entity, then 404; the next life starts at 0.0.1", async () => {
  const name = await action({ parameters: [P("a", 1)] });
  await put(name, {});
  const { json } = await ask("GET", `actions/${name}`);
  expect(json).toMatchObject({ name, version: "0.0.2", exec: { code: ECHO } });
  const gone = await ask("DELETE", `actions/${name}`);
  expect([gone.status, gone.json]).toEqual([200, json]);
  expect(await ask("DELETE", `actions/${name}`)).toMatchObject({
    status: 404,
    json: { error: "The requested resource does not exist." },
  });
  await make(`actions/${name}`, code(ECHO));
  expect((await ask("GET", `actions/${name}`)).json.version).toBe("0.0.1");
});

line("2.47", "name, namespace and updated in a body are not looked at", async () => {
  const [name, other] = [fresh("act"), fresh("other")];
  for (const ignored of [
    { name: other, namespace: "elsewhere", updated: 1 },
    { name: 7, namespace: null, updated: "x" },
  ])
    for (const body of [code(ECHO, ignored), ignored]) {
      await make(`actions/${name}`, body);
      const { json } = await ask("GET", `actions/${name}`);
      expect(json).toMatchObject({ name, namespace: namespace(1) });
      expect(Math.abs(json.updated - Date.now())).toBeLessThan(60_000);
      if (body === ignored) await ask("DELETE", `actions/${name}`);
    }
  expect((await ask("GET", `actions/${other}`)).status).toBe(404);
});

line("2.48", "names are case-sensitive", async () => {
  const name = fresh("case");
  await make(`actions/${name}`, code(ECHO));
  expect((await ask("GET", `actions/${name.toUpperCase()}`)).status).toBe(404);
});

line("2.51", "list items show what clients need, without code and parameters", async () => {
  const name = await action({ parameters: [P("a", 1)], annotations: [P("n", 1)] });
  const item = (await ask("GET", "actions?limit=200")).json.find((each: { name: string }) => each.name === name);
  expect(Object.keys(item).sort()).toEqual([
    "annotations",
    "exec",
    "limits",
    "name",
    "namespace",
    "publish",
    "updated",
    "version",
  ]);
  expect(item.exec).toEqual({ binary: false });
  expect(typeof annotation(item, "exec")).toBe("string");
});

line("2.55", "code=false leaves the code out", async () => {
  const name = await action();
  const { json } = await ask("GET", `actions/${name}?code=false`);
  expect(json.exec).not.toHaveProperty("code");
  expect(json.exec.kind).toMatch(/^nodejs:/);
  for (const query of ["", "?code=true"])
    expect((await ask("GET", `actions/${name}${query}`)).json.exec.code).toBe(ECHO);
});

line("2.57", "create without exec is refused", async () => {
  expect(await put(fresh("none"), {}, "")).toMatchObject({
    status: 400,
    json: { error: "exec undefined" },
  });
});

line("2.58 2.61 3.33", "an update keeps what it does not name, limits field by field", async () => {
  const name = await action({ parameters: [P("a", 1)], limits: { memory: 128 }, publish: true });
  const { json } = await put(name, { limits: { timeout: 1000 } });
  expect(json).toMatchObject({
    version: "0.0.2",
    publish: true,
    parameters: [P("a", 1)],
    limits: { timeout: 1000, memory: 128, logs: 10 },
    exec: { code: ECHO },
  });
  expect((await put(name, { parameters: [P("b", 2)] })).json.parameters).toEqual([P("b", 2)]);
  expect((await put(name, { version: "3.1.4" })).json.version).toBe("3.1.4");
  expect((await put(name, {})).json.version).toBe("3.1.5");
});

line("2.59 2.60", "an update merges annotations, and deletes those it names", async () => {
  const name = await action({ annotations: [P("a", 1), P("b", 1), P("c", 1)] });
  const { json } = await put(name, { annotations: [P("b", 2), P("d", 2)], delAnnotations: ["c"] });
  expect(["a", "b", "c", "d"].map((each) => annotation(json, each))).toEqual([1, 2, undefined, 2]);
  const again = await put(name, { annotations: [P("a", 3)], delAnnotations: ["a", "d", "nobody"] });
  expect(["a", "b", "d"].map((each) => annotation(again.json, each))).toEqual([3, 2, undefined]);
});

line("2.65", "an update never adds provide-api-key", async () => {
  const name = await action({ annotations: [P("provide-api-key", true)] });
  expect(annotation((await ask("GET", `actions/${name}`)).json, "provide-api-key")).toBe(true);
  const { json } = await put(name, { delAnnotations: ["provide-api-key"] });
  expect(annotation(json, "provide-api-key")).toBeUndefined();
});

line("3.01 3.04", "names may hold spaces, @, &, dots and dashes, percent-encoded in the path", async () => {
  for (const name of [`${fresh("a")} b@c.d&e-f`, "x"]) {
    await make(`actions/${encodeURIComponent(name)}`, code(ECHO));
    expect((await ask("GET", `actions/${encodeURIComponent(name)}`)).json.name).toBe(name);
  }
});

line("3.02", "names with other characters are refused", async () => {
  for (const name of ["a%24b", "%20a", "a%3Fb", "a%20", "-a", "%C3%BC"]) {
    const answer = await ask("PUT", `actions/${name}`, { body: code(ECHO) });
    expect([name, answer.status]).toEqual([name, 400]);
    expect(answer.json.error).toBe("The name of the entity contains illegal characters.");
  }
  for (const collection of ["actions", "triggers", "rules", "packages", "activations"]) {
    const { status, json } = await ask("GET", `/api/v1/namespaces/a%24b/${collection}`);
    expect([collection, status, json.error]).toEqual([collection, 400, "The namespace contains illegal characters."]);
  }
});

line("3.03", "a name of 256 characters is allowed, a longer one is not", async () => {
  const longest = "n".repeat(256);
  await make(`actions/${longest}`, code(ECHO));
  const answer = await ask("PUT", `actions/${longest}x`, { body: code(ECHO) });
  expect(answer.status).toBe(400);
  expect(answer.json.error).toMatch(/longer than allowed: 257 > 256\.$/);
  for (const collection of ["actions", "triggers", "rules", "packages", "activations"]) {
    const { status, json } = await ask("GET", `/api/v1/namespaces/${longest}x/${collection}`);
    expect([collection, status, json.error]).toEqual([collection, 400, "Namespace longer than allowed: 257 > 256."]);
  }
});

line("3.06", "a malformed version is refused", async () => {
  for (const version of ["x", "-1.0.0", 1]) {
    expect([version, (await put(fresh("v"), code(ECHO, { version }))).status]).toEqual([version, 400]);
  }
});

line("3.08 3.09", "parameters and annotations are arrays of pairs, the last of a key wins", async () => {
  for (const field of ["parameters", "annotations"]) {
    expect((await put(fresh("obj"), code(ECHO, { [field]: { a: 1 } }))).status).toBe(400);
    expect((await put(fresh("obj"), code(ECHO, { [field]: [{ value: 1 }] }))).status).toBe(400);
  }
  const twice = [P("a", 1), P("a", 2)];
  const { json } = await ask("GET", `actions/${await action({ parameters: twice, annotations: twice })}`);
  expect(json.parameters).toEqual([P("a", 2)]);
  expect(json.annotations.filter((each: { key: string }) => each.key === "a")).toEqual([P("a", 2)]);
});

line("3.13", "parameters over 1 MB are 413, and so are annotations", async () => {
  for (const field of ["parameters", "annotations"]) {
    const answer = await put(fresh("large"), code(ECHO, { [field]: [P("a", "x".repeat(1024 * 1024))] }));
    expect(answer.status).toBe(413);
    expect(answer.json.error).toMatch(new RegExp(`^${field} larger than allowed: 10485\\d\\d > 1048576 bytes\\.$`));
    await action({ [field]: [P("a", "x".repeat(1024 * 1024 - 100))] });
  }
});

line("3.16 3.17 2.64", "kinds are trimmed and lower-cased, and default resolves to a version", async () => {
  const wanted = (await ask("GET", "/", { key: null })).json.runtimes.nodejs.find(
    (each: { default: boolean }) => each.default,
  ).kind;
  for (const kind of ["nodejs:default", " NodeJS:DEFAULT ", wanted.toUpperCase()]) {
    const name = fresh("kind");
    const { json } = await put(name, { exec: { kind, code: ECHO } });
    expect([kind, json.exec?.kind, annotation(json, "exec")]).toEqual([kind, wanted, wanted]);
    await ask("DELETE", `actions/${name}`);
  }
  const of = { components: [`/_/${await action()}`], image: "openwhisk/dockerskeleton", code: "#!/bin/sh\necho {}" };
  for (const kind of ["sequence", "blackbox"]) {
    const name = fresh("kind");
    const made = await make(`actions/${name}`, { exec: { ...of, kind: ` ${kind.toUpperCase()}\t` } });
    expect([made.exec.kind, annotation(made, "exec")]).toEqual([kind, kind]);
  }
});

line("3.18 3.19 3.20", "unknown and missing kinds and missing code are refused", async () => {
  const unknown = await put(fresh("bad"), { exec: { kind: "cobol:60", code: "x" } });
  expect(unknown.status).toBe(400);
  expect(unknown.json.error).toMatch(
    /^The request content was malformed:\nThe specified runtime 'cobol:60' is not supported by this platform\. Valid values are: '.*'nodejs:/,
  );
  for (const exec of [{ code: ECHO }, { kind: 7, code: ECHO }, { kind: null, code: ECHO }, { image: "x" }, {}]) {
    const { status, json } = await put(fresh("bad"), { exec });
    expect([exec, status, json.error]).toEqual([exec, 400, expect.stringContaining("'kind' must be a string")]);
  }
  const kind = "nodejs:default";
  for (const exec of [{ kind }, { kind, code: 7 }, { kind, code: ECHO, main: 7 }, "x", null])
    expect([exec, (await put(fresh("bad"), { exec })).status]).toEqual([exec, 400]);
  const name = fresh("main");
  const named = { kind, main: "other", code: "function other() { return { main: 'other' }; }" };
  expect((await make(`actions/${name}`, { exec: named })).exec).toMatchObject({ ...named, kind: expect.any(String) });
  expect((await ask("POST", `actions/${name}?blocking=true&result=true`, { body: {} })).json).toEqual({
    main: "other",
  });
});

line("3.23 3.24", "binary is what looks like base64, whatever the request says", async () => {
  for (const [source, binary] of [
    ["AAAA", true],
    [" UEsDBAo= ", true],
    [ECHO, false],
    ["AAA", false],
    ["AAAAA", false],
    ["", false],
    ["a+/9", true],
    ["AAA=", true],
    ["AA==\n", true],
    ["\tAAAA\r\nAAAA", false],
    ["A===", false],
    ["AA=A", false],
    ["=AAA", false],
    ["AA-_", false],
    ["AAA\u00c4", false],
  ] as const) {
    const name = fresh("bin");
    const { json } = await put(name, { exec: { kind: "nodejs:default", code: source, binary: !binary } });
    expect([source, json.exec.binary]).toEqual([source, binary]);
    expect((await ask("GET", `actions/${name}`)).json.exec).toMatchObject({ code: source, binary });
    expect((await put(name, { publish: true })).json.exec.binary).toBe(binary);
    await ask("DELETE", `actions/${name}`);
  }
});

line("3.29", "code of 48 MB is taken, more is 413", async () => {
  const name = fresh("large");
  const limit = 48 * 1024 * 1024;
  const answer = await put(name, { exec: { kind: "nodejs:default", code: "x".repeat(limit + 1) } });
  expect(answer.status).toBe(413);
  expect(answer.json.error).toBe(`exec larger than allowed: ${limit + 1} > ${limit} bytes.`);
  await make(`actions/${name}`, { exec: { kind: "nodejs:default", code: "x".repeat(limit) } });
  expect((await ask("GET", `actions/${name}`)).json.exec.code.length).toBe(limit);
});

line("3.30", "code comes back byte for byte, short and long, with unicode", async () => {
  const tricky = `// ü € 😀 \\ " \u0000 \u2028 \t\n${ECHO}`;
  const framed = `\ufeff \r\n${tricky}\n\t `;
  const sizes = [16 * 1024, 64 * 1024].flatMap((size) => [size - 1, size, size + 1].map((each) => "x".repeat(each)));
  for (const source of [tricky, tricky.repeat(40_000), framed, framed.repeat(10_000), " AA== \n", ...sizes]) {
    const name = fresh("bytes");
    await make(`actions/${name}`, code(source));
    expect((await ask("GET", `actions/${name}`)).json.exec.code === source).toBe(true);
  }
});

line("3.34 3.35 3.36 3.37 3.39", "limits out of bounds are refused with their texts", async () => {
  const { maxActionMemory, maxActionConcurrency } = (await ask("GET", "limits")).json;
  const there = await action();
  for (const [limits, text] of [
    [{ memory: 100_000 }, `memory size 100000 MB exceeds allowed threshold of ${maxActionMemory} MB`],
    [
      { memory: maxActionMemory + 1 },
      `memory size ${maxActionMemory + 1} MB exceeds allowed threshold of ${maxActionMemory} MB`,
    ],
    [{ memory: 127 }, "memory size 127 MB below allowed threshold of 128 MB"],
    [{ timeout: 99 }, "duration 99 milliseconds below allowed threshold of 100 milliseconds"],
    [{ timeout: 300_001 }, "duration 300001 milliseconds exceeds allowed threshold of 300000 milliseconds"],
    [{ logs: 11 }, "log size 11 MB exceeds allowed threshold of 10 MB"],
    [{ logs: -1 }, "log size -1 MB below allowed threshold of 0 MB"],
    [{ concurrency: 0 }, "concurrency 0 below allowed threshold of 1"],
    [
      { concurrency: maxActionConcurrency + 1 },
      `concurrency ${maxActionConcurrency + 1} exceeds allowed threshold of ${maxActionConcurrency}`,
    ],
  ] as const) {
    const refused = { status: 400, json: { error: text } };
    expect(await put(fresh("lim"), code(ECHO, { limits }))).toMatchObject(refused);
    expect(await put(there, { limits })).toMatchObject(refused);
  }
  // What bounds it is allowed.
  for (const limits of [
    { timeout: 100, memory: 128, logs: 0, concurrency: 1 },
    { timeout: 300_000, memory: maxActionMemory, logs: 10, concurrency: maxActionConcurrency },
  ])
    expect((await make(`actions/${fresh("lim")}`, code(ECHO, { limits }))).limits).toMatchObject(limits);
});

line("3.41", "limits that are no integers are malformed", async () => {
  const fields = ["memory", "timeout", "logs", "concurrency", "instances"];
  const values = ["x", "256", 1.5, true, [256], {}];
  for (const limits of [...fields.flatMap((field) => values.map((value) => ({ [field]: value }))), [], "x", 7]) {
    const { status, json } = await put(fresh("lim"), code(ECHO, { limits }));
    const malformed = expect.stringMatching(/^The request content was malformed:\n./);
    expect([limits, status, json.error]).toEqual([limits, 400, malformed]);
  }
});

line("2.43", "of updates at the same time each is done or refused as a conflict, and none is lost", async () => {
  const name = await action();
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => put(name, { annotations: [P(`n${n}`, n)] })));
  const done = answers.flatMap((answer, n) => (answer.status === 200 ? [n] : []));
  for (const answer of answers)
    if (answer.status !== 200)
      expect(answer).toMatchObject({ status: 409, json: { error: "Concurrent modification to resource detected." } });
  expect(done.length).toBeGreaterThan(0);
  const { json } = await ask("GET", `actions/${name}`);
  expect(json.version).toBe(`0.0.${1 + done.length}`);
  for (const n of done) expect([n, annotation(json, `n${n}`)]).toEqual([n, n]);
});

line("3.48 2.64", "annotations with a meaning are kept as given, but exec is the server's", async () => {
  const given = [
    P("provide-api-key", true),
    P("web-export", true),
    P("raw-http", false),
    P("final", true),
    P("web-custom-options", false),
    P("require-whisk-auth", "secret"),
    P("feed", true),
  ];
  const name = await action({ annotations: [...given, P("exec", "mine")] });
  const { json } = await ask("GET", `actions/${name}`);
  for (const each of given) expect(annotation(json, each.key)).toEqual(each.value);
  expect(annotation(json, "exec")).toBe(json.exec.kind);
  expect(annotation((await put(name, { annotations: [P("exec", "mine")] })).json, "exec")).toBe(json.exec.kind);
});

line("3.49", "annotations that document are kept as they are, deep ones too", async () => {
  const annotations = [
    P("description", "Says hello"),
    P("parameters", [
      { name: "name", required: true, bindTime: false, type: "string", description: "whom", doclink: "" },
    ]),
    P("sampleInput", { name: "you" }),
    P("sampleOutput", { greeting: ["hello", null, 1.5] }),
  ];
  const name = await action({ annotations });
  const item = (await ask("GET", "actions?limit=200")).json.find((each: { name: string }) => each.name === name);
  for (const entity of [(await ask("GET", `actions/${name}`)).json, item])
    for (const each of annotations) expect(annotation(entity, each.key)).toEqual(each.value);
});
