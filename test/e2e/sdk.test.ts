// The unmodified openwhisk npm SDK against the whole platform, on both engines.

import { expect, it } from "vitest";
import { onEngines, put, recordOf } from "./engines.ts";

/** The SDK's types know no bindings. */
type PackageBody = { publish?: boolean };

onEngines("openwhisk SDK", (bench) => {
  it("creates, lists, gets, updates and deletes an action", async () => {
    const ow = bench.client();
    const code = "function main() { return { v: 1 }; }";
    const created = await ow.actions.create({ name: "sdk-crud", action: code });
    expect(created).toMatchObject({ name: "sdk-crud", namespace: "guest", version: "0.0.1", publish: false });
    const names = (await ow.actions.list()).map((each) => each.name);
    expect(names).toContain("sdk-crud");
    const got = await ow.actions.get("sdk-crud");
    expect((got as { exec: { code: string } }).exec.code).toBe(code);
    const updated = await ow.actions.update({ name: "sdk-crud", action: "function main() { return { v: 2 }; }" });
    expect(updated.version).toBe("0.0.2");
    expect(await ow.actions.invoke({ name: "sdk-crud", blocking: true, result: true })).toEqual({ v: 2 });
    await ow.actions.delete("sdk-crud");
    await expect(ow.actions.get("sdk-crud")).rejects.toMatchObject({ statusCode: 404 });
  });

  it("makes packages and bindings, and invokes through them", async () => {
    const ow = bench.client();
    const parameters = [{ key: "from", value: "package" }];
    const made = await ow.packages.create({ name: "sdk-package", package: { publish: true, parameters } });
    expect(made).toMatchObject({
      name: "sdk-package",
      namespace: "guest",
      version: "0.0.1",
      publish: true,
      parameters,
    });
    await ow.actions.create({ name: "sdk-package/echo", action: "function main(a) { return a; }" });
    await ow.packages.create({
      name: "sdk-bound",
      package: {
        binding: { namespace: "guest", name: "sdk-package" },
        parameters: [{ key: "over", value: "binding" }],
      },
    });
    const invoke = (name: string) => ow.actions.invoke({ name, blocking: true, result: true, params: { p: 1 } });
    expect(await invoke("sdk-package/echo")).toEqual({ from: "package", p: 1 });
    expect(await invoke("sdk-bound/echo")).toEqual({ from: "package", over: "binding", p: 1 });
    expect(await invoke("/whisk.system/utils/echo")).toEqual({ p: 1 });
    const names = (await ow.packages.list()).map((each) => each.name);
    expect(names).toEqual(expect.arrayContaining(["sdk-package", "sdk-bound"]));
    const got = await ow.packages.get("sdk-bound");
    expect((got as { actions: { name: string }[] }).actions.map((each) => each.name)).toEqual(["echo"]);
    const updated = await ow.packages.update({ name: "sdk-package", package: { publish: false } });
    expect(updated).toMatchObject({ version: "0.0.2", publish: false, parameters });
    await expect(ow.packages.delete("sdk-package")).rejects.toMatchObject({ statusCode: 409 });
    await ow.packages.delete("sdk-bound");
    await ow.actions.delete("sdk-package/echo");
    await ow.packages.delete("sdk-package");
    await expect(ow.packages.get("sdk-package")).rejects.toMatchObject({ statusCode: 404 });
  });

  it("uses an update at the next call", async () => {
    const ow = bench.client();
    for (let v = 1; v <= 5; v++) {
      await ow.actions.update({ name: "sdk-update", action: `function main() { return { v: ${v} }; }` });
      expect(await ow.actions.invoke({ name: "sdk-update", blocking: true, result: true })).toEqual({ v });
    }
  });

  it("invokes without waiting and finds record, result and logs", async () => {
    const ow = bench.client();
    await ow.actions.update({
      name: "sdk-async",
      action: "function main(a) { console.log('hello', a.x); return { x: a.x }; }",
    });
    const { activationId } = await ow.actions.invoke({ name: "sdk-async", params: { x: "ü" } });
    const record = await recordOf(bench, activationId);
    expect(record.response).toMatchObject({ status: "success", success: true, result: { x: "ü" } });
    expect(record.logs).toHaveLength(1);
    expect(record.logs[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\s+stdout: hello ü$/);
    expect(await ow.activations.logs({ name: activationId })).toEqual({ logs: record.logs });
    expect(await ow.activations.result({ name: activationId })).toMatchObject({ result: { x: "ü" }, success: true });
    const listed = await ow.activations.list({ name: "sdk-async" });
    expect(listed.map((each) => each.activationId)).toContain(activationId);
    const annotations = Object.fromEntries(
      record.annotations.map((each: { key: string; value: unknown }) => [each.key, each.value]),
    );
    expect(annotations).toMatchObject({ path: "guest/sdk-async", timeout: false, engine: bench.engine });
  });

  it("rejects a failing action with its record", async () => {
    const ow = bench.client();
    await ow.actions.update({ name: "sdk-error", action: "function main() { return { error: 'no luck' }; }" });
    await expect(ow.actions.invoke({ name: "sdk-error", blocking: true })).rejects.toMatchObject({
      statusCode: 502,
      error: { response: { status: "application error", success: false, result: { error: "no luck" } } },
    });
  });

  it("runs python", async () => {
    await put(bench, "sdk-python", {
      kind: "python:default",
      code: "def main(args):\n    print('from python')\n    return {'sum': args['a'] + args['b']}\n",
    });
    const ow = bench.client();
    const result = await ow.actions.invoke({
      name: "sdk-python",
      blocking: true,
      result: true,
      params: { a: 2, b: 3 },
    });
    expect(result).toEqual({ sum: 5 });
  });

  it("lets an action use the SDK with no options to invoke another", async () => {
    const ow = bench.client();
    await put(bench, "sdk-callee", { code: "function main(a) { return { doubled: a.n * 2 }; }" });
    await put(bench, "sdk-caller", {
      code: `const openwhisk = require("openwhisk");
function main(args) {
  return openwhisk().actions.invoke({ name: "sdk-callee", blocking: true, result: true, params: { n: args.n } });
}`,
      annotations: [{ key: "provide-api-key", value: true }],
    });
    const result = await ow.actions.invoke({ name: "sdk-caller", blocking: true, result: true, params: { n: 21 } });
    expect(result).toEqual({ doubled: 42 });
  });

  it("keeps the bytes of numbers from client to record", async () => {
    await put(bench, "sdk-bytes", { kind: "python:default", code: "def main(args):\n    return args\n" });
    const answer = await bench.request("actions/sdk-bytes?blocking=true&result=true", {
      method: "POST",
      text: '{"big":18446744073709551616,"digits":1234567890123456789012345678901234567890}',
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("18446744073709551616");
    expect(answer.text).toContain("1234567890123456789012345678901234567890");
  });

  it("creates, binds, lists, gets, updates and deletes packages", async () => {
    const ow = bench.client();
    const shared = { parameters: [{ key: "greeting", value: "hi" }], annotations: [{ key: "note", value: "mine" }] };
    const made = await ow.packages.create({ name: "sdk-pack", package: { ...shared, publish: true } });
    expect(made).toMatchObject({ name: "sdk-pack", namespace: "guest", version: "0.0.1", publish: true, ...shared });
    await ow.actions.create({ name: "sdk-pack/echo", action: "function main(a) { return a; }" });
    const binding = { namespace: "_", name: "sdk-pack" };
    const bound = {
      binding,
      parameters: [{ key: "name", value: "you" }],
    } as unknown as PackageBody;
    await ow.packages.create({ name: "sdk-bound", ...{ package: bound } });
    expect(await ow.packages.get({ name: "sdk-bound" })).toMatchObject({
      binding: { namespace: "guest", name: "sdk-pack" },
      actions: [{ name: "echo", version: "0.0.1" }],
      parameters: expect.arrayContaining([...shared.parameters, { key: "name", value: "you" }]),
    });
    const invoked = await ow.actions.invoke({ name: "sdk-bound/echo", blocking: true, result: true, params: { n: 1 } });
    expect(invoked).toEqual({ greeting: "hi", name: "you", n: 1 });
    const listed = await ow.packages.list({ limit: 200, ...{ public: true } });
    const item = (name: string) => listed.find((each) => each.name === name);
    expect(item("sdk-pack")).toMatchObject({ binding: false, publish: true });
    expect(item("sdk-bound")).toMatchObject({ binding: { namespace: "guest", name: "sdk-pack" } });
    await expect(ow.packages.create({ name: "sdk-pack", package: {} })).rejects.toMatchObject({
      statusCode: 409,
      message: expect.stringContaining('Returned HTTP 409 (Conflict) --> "resource already exists"'),
    });
    expect((await ow.packages.update({ name: "sdk-pack", package: { publish: false } })).version).toBe("0.0.2");
    await expect(ow.packages.delete({ name: "sdk-pack" })).rejects.toMatchObject({ statusCode: 409 });
    await ow.actions.delete("sdk-pack/echo");
    for (const name of ["sdk-bound", "sdk-pack"]) expect(await ow.packages.delete({ name })).toMatchObject({ name });
  });

  it("shows the namespace and what is in it", async () => {
    const ow = bench.client();
    expect(await ow.namespaces.list()).toEqual(["guest"]);
    await put(bench, "sdk-listed", { code: "function main() { return {}; }" });
    const found = await ow.namespaces.get({ namespace: "_" });
    expect(Object.keys(found).sort()).toEqual(["actions", "packages", "rules", "triggers"]);
    for (const each of Object.values(found)) expect(Array.isArray(each)).toBe(true);
    expect(found.actions?.map((each) => each.name)).toContain("sdk-listed");
  });

  it("lists activations by name and time, with their records, and counts them", async () => {
    const ow = bench.client();
    await put(bench, "sdk-history", { code: "function main(a) { console.log('n', a.n); return a; }" });
    const starts: number[] = [];
    for (let n = 0; n < 3; n++) {
      const { activationId } = await ow.actions.invoke({ name: "sdk-history", blocking: true, params: { n } });
      starts.push((await recordOf(bench, activationId)).start);
      await new Promise((done) => setTimeout(done, 20));
    }
    const numbers = async (options: object) => {
      const records = (await ow.activations.list({ name: "sdk-history", docs: true, ...options })) as unknown[];
      return (records as { response: { result: { n: number } } }[]).map((each) => each.response.result.n);
    };
    expect(await numbers({})).toEqual([2, 1, 0]);
    expect(await numbers({ limit: 1, skip: 1 })).toEqual([1]);
    expect(await numbers({ since: starts[1] })).toEqual([2, 1]);
    expect(await numbers({ upto: starts[1] })).toEqual([1, 0]);
    expect(await ow.activations.list({ name: "sdk-history", ...{ count: true } })).toEqual({ activations: 3 });
  });
});
