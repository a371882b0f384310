// The key of a running action, from inside: what the unmodified SDK does with it, and every way to the owner's own key.

import { expect, it } from "vitest";
import { GUEST, SYSTEM } from "../support/platform.ts";
import { type Bench, onEngines, put } from "./engines.ts";

const SYSTEM_AUTH = { authorization: `Basic ${Buffer.from(SYSTEM).toString("base64")}` };
const note = (value: unknown) => [{ key: "provide-api-key", value }];

/** What an evil action tries with the key it is given; it answers what each attempt came to. */
const EVIL = `const openwhisk = require("openwhisk");
async function main(args) {
  const ow = openwhisk();
  const thief = "function main() { return { key: process.env.__OW_API_KEY }; }";
  const annotations = { "provide-api-key": "owner", "web-export": true };
  const tried = {};
  const attempt = async (name, work) => {
    try { await work(); tried[name] = "done"; } catch (error) { tried[name] = error.statusCode; }
  };
  await attempt("web action", () => ow.actions.update({ name: "stolen", action: thief, annotations }));
  await attempt("other code", () => ow.actions.update({ name: args.trusted, action: thief }));
  await attempt("delete", () => ow.actions.delete({ name: args.trusted }));
  await attempt("package", () => ow.packages.update({ name: "stolen", package: {} }));
  return { tried, key: process.env.__OW_API_KEY };
}`;
const REFUSED = { "web action": 403, "other code": 403, delete: 403, package: 403 };

async function call(bench: Bench, name: string, body: unknown = {}) {
  const answer = await bench.request(`actions/${name}?blocking=true&result=true`, { method: "POST", body });
  return answer.json;
}

onEngines("an action's key", (bench) => {
  it("serves the SDK inside an action: invoke, read, triggers and rules, and a fire", async () => {
    await put(bench, "key-callee", { code: "function main(a) { return { n: a.n }; }" });
    const code = `const openwhisk = require("openwhisk");
async function main() {
  const ow = openwhisk();
  await ow.triggers.update({ name: "key-trigger", trigger: {} });
  await ow.rules.update({ name: "key-rule", trigger: "key-trigger", action: "key-callee" });
  const { activationId } = await ow.triggers.invoke({ name: "key-trigger", params: { n: 2 } });
  const called = await ow.actions.invoke({ name: "key-callee", blocking: true, result: true, params: { n: 1 } });
  const names = (await ow.actions.list()).map((each) => each.name);
  const { exec } = await ow.actions.get("key-callee");
  await ow.rules.delete({ name: "key-rule" });
  await ow.triggers.delete({ name: "key-trigger" });
  return { called, listed: names.includes("key-callee"), kind: exec.kind, fired: activationId.length };
}`;
    await put(bench, "key-user", { code, annotations: note(true) });
    expect(await call(bench, "key-user")).toMatchObject({ called: { n: 1 }, listed: true, fired: 32 });
  });

  it('deploys with the SDK where the annotation says "deploy"', async () => {
    const code = `const openwhisk = require("openwhisk");
async function main() {
  const ow = openwhisk();
  await ow.packages.update({ name: "key-made", package: {} });
  await ow.actions.update({ name: "key-made/x", action: "function main() { return { made: 1 }; }" });
  const made = await ow.actions.invoke({ name: "key-made/x", blocking: true, result: true });
  const above = await ow.actions
    .update({ name: "key-made/y", action: "function main() {}", annotations: { "provide-api-key": "owner" } })
    .then(() => 200, (error) => error.statusCode);
  await ow.actions.delete("key-made/x");
  await ow.packages.delete("key-made");
  return { made, above };
}`;
    await put(bench, "key-deployer", { code, annotations: note("deploy") });
    expect(await call(bench, "key-deployer")).toEqual({ made: { made: 1 }, above: 403 });
  });

  it("does not become the owner's: called directly, in a sequence, by a rule, from the web, through a stranger's package", async () => {
    const code = "function main() { return { key: process.env.__OW_API_KEY }; }";
    await put(bench, "key-trusted", { code, annotations: note("owner") });
    expect(await call(bench, "key-trusted")).toEqual({ key: GUEST });
    const web = [...note(true), { key: "web-export", value: true }];
    await put(bench, "key-evil", { code: EVIL, annotations: web });
    const args = { trusted: "key-trusted" };
    const secretIsSafe = ({ tried, key }: { tried: unknown; key: string }) => {
      expect(tried).toEqual(REFUSED);
      expect(key).not.toBe(GUEST);
      expect(key).toMatch(/^23bc46b1-[\w-]+:ac2\./);
    };
    secretIsSafe(await call(bench, "key-evil", args));
    await bench.request("actions/key-chain?overwrite=true", {
      method: "PUT",
      body: { exec: { kind: "sequence", components: ["/_/key-evil"] } },
    });
    secretIsSafe(await call(bench, "key-chain", args));
    const anonymous = await fetch(`${bench.platform().url}/api/v1/web/guest/default/key-evil.json?trusted=key-trusted`);
    secretIsSafe((await anonymous.json()) as { tried: unknown; key: string });

    // A stranger publishes it, and the guest calls it, also through a binding of his own.
    const theirs = (path: string, body: unknown) =>
      bench.request(`/api/v1/namespaces/_/${path}?overwrite=true`, { method: "PUT", body, headers: SYSTEM_AUTH });
    // The operator's own namespace is trusted, so that the stranger is another one: see http/rights.worker.test.ts.
    expect((await theirs("packages/key-tools", { publish: true })).status).toBe(200);
    const exec = { kind: "nodejs:default", code: EVIL };
    expect((await theirs("actions/key-tools/evil", { exec, annotations: note(true) })).status).toBe(200);
    const binding = { namespace: "whisk.system", name: "key-tools" };
    await bench.request("packages/key-bound?overwrite=true", { method: "PUT", body: { binding } });
    secretIsSafe(await call(bench, "key-bound/evil", args));

    // Who only may use writes a rule to the trusted action: fired by the owner it gets no more than that.
    const link = `const openwhisk = require("openwhisk");
async function main() {
  const ow = openwhisk();
  await ow.triggers.update({ name: "key-bait", trigger: {} });
  await ow.rules.update({ name: "key-hook", trigger: "key-bait", action: "key-trusted" });
  return {};
}`;
    await put(bench, "key-linker", { code: link, annotations: note(true) });
    await call(bench, "key-linker");
    const fired = await bench.request("triggers/key-bait", { method: "POST", body: {} });
    expect(fired.status).toBe(202);
    const result = async () => {
      const listed = await bench.request("activations?name=key-trusted&limit=1&docs=true");
      return listed.json[0]?.response?.result?.key;
    };
    await expect.poll(result).toMatch(/^23bc46b1-[\w-]+:ac2\./);
  });
});
