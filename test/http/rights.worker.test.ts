// What the key of a running action may do, over HTTP: the uses it is for, and the ways from it to more.

import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Rights } from "../../src/entities/rights.ts";
import { ask, GUEST_KEY, putAction } from "../support/client.worker.ts";
import { FakeHost, platform, ran } from "../support/fake-host.worker.ts";
import { answer, type Client, clientOf, newClient } from "./platform.worker.ts";

const EXEC = { kind: "nodejs:20", code: "function main() {}" };
const note = (value: unknown) => [{ key: "provide-api-key", value }];

let host: FakeHost;
let owner: Client;
let counter = 0;

beforeAll(async () => {
  host = await FakeHost.dial({ answer: () => ran("{}") });
});

beforeEach(async () => {
  owner = await newClient();
  host.runs.length = 0;
});

/** The key that an action with this annotation is sent with, and who asked for it sees only here. */
async function keyOf(annotation: unknown, caller: Client = owner): Promise<Client> {
  const name = `key-${counter++}`;
  await owner.call("PUT", `/actions/${name}`, { exec: EXEC, annotations: note(annotation) });
  host.runs.length = 0;
  await caller.call("POST", `/actions/${name}?blocking=true`, {});
  return clientOf(owner.namespace, host.runs[0]?.key ?? "none");
}

const kept = (client: Client) => client.key === owner.key;
const beyond = expect.stringContaining("This key was given to an action");
const above = expect.stringContaining("asks for more rights than the key has");

describe("an action that asks for a key", () => {
  it("gets one that may use what is there, read it, and write triggers and rules", async () => {
    const key = await keyOf(true);
    await owner.call("PUT", "/actions/x", { exec: EXEC });
    const status = async (method: string, path: string, body?: unknown) => (await key.call(method, path, body)).status;
    expect(await status("GET", "/actions")).toBe(200);
    expect(await status("GET", "/actions/x")).toBe(200);
    expect(await status("POST", "/actions/x?blocking=true", {})).toBe(200);
    expect(await status("PUT", "/triggers/t", {})).toBe(200);
    expect(await status("PUT", "/rules/r", { trigger: "/_/t", action: "/_/x" })).toBe(200);
    expect(await status("POST", "/triggers/t", {})).toBe(202);
    expect(await status("POST", "/rules/r", { status: "inactive" })).toBe(200);
    expect(await status("GET", "/activations")).toBe(200);
    expect(await status("DELETE", "/rules/r")).toBe(200);
    expect(await status("DELETE", "/triggers/t")).toBe(200);
  });

  it("may write nothing that runs", async () => {
    const key = await keyOf(true);
    await owner.call("PUT", "/actions/x", { exec: EXEC });
    await owner.call("PUT", "/packages/p", {});
    const attempts: [string, string, unknown?][] = [
      ["PUT", "/actions/evil", { exec: EXEC, annotations: [...note("owner"), { key: "web-export", value: true }] }],
      ["PUT", "/actions/x?overwrite=true", { exec: EXEC }],
      ["PUT", "/actions/p/evil", { exec: EXEC }],
      ["DELETE", "/actions/x"],
      ["PUT", "/packages/q", {}],
      ["PUT", "/packages/p?overwrite=true", { parameters: [] }],
      ["DELETE", "/packages/p"],
    ];
    for (const [method, path, body] of attempts) {
      const { status, json } = await key.call(method, path, body);
      expect([method, path, status, json.error]).toEqual([method, path, 403, beyond]);
    }
    expect((await owner.call("GET", "/actions/x")).json.version).toBe("0.0.1");
  });

  it('with "deploy" may write actions and packages, and lend none of them more than it has', async () => {
    const key = await keyOf("deploy");
    const put = async (path: string, body: unknown) => {
      const { status, json } = await key.call("PUT", path, body);
      return [status, json.error];
    };
    expect(await put("/packages/p", {})).toEqual([200, undefined]);
    for (const annotation of [false, true, "deploy"]) {
      expect(await put("/actions/p/x?overwrite=true", { exec: EXEC, annotations: note(annotation) })).toEqual([
        200,
        undefined,
      ]);
    }
    expect(await put("/actions/y", { exec: EXEC, annotations: note("owner") })).toEqual([403, above]);
    await owner.call("PUT", "/actions/mine", { exec: EXEC, annotations: note("owner") });
    expect(await put("/actions/mine?overwrite=true", { exec: EXEC })).toEqual([403, above]);
    expect(await put("/actions/mine?overwrite=true", { parameters: [{ key: "a", value: 1 }] })).toEqual([403, above]);
    expect(await put("/actions/mine?overwrite=true", { exec: EXEC, annotations: note(true) })).toEqual([
      200,
      undefined,
    ]);
  });

  it('with "owner" gets the key itself from him alone who came with it', async () => {
    const key = await keyOf("owner");
    expect(kept(key)).toBe(true);
    const use = await keyOf(true);
    const lent = await keyOf("owner", use);
    expect(kept(lent)).toBe(false);
    expect((await lent.call("PUT", "/actions/evil", { exec: EXEC })).json.error).toEqual(beyond);
    const deploy = await keyOf("deploy");
    const same = await keyOf("owner", deploy);
    expect(kept(same)).toBe(false);
    expect((await same.call("PUT", "/actions/fine", { exec: EXEC })).status).toBe(200);
    expect((await same.call("PUT", "/actions/evil", { exec: EXEC, annotations: note("owner") })).json.error).toEqual(
      above,
    );
  });

  it("gets the least where anybody calls it from the web", async () => {
    for (const annotation of ["owner", "deploy", true]) {
      const name = `web-${counter++}`;
      const annotations = [...note(annotation), { key: "web-export", value: true }];
      await owner.call("PUT", `/actions/${name}`, { exec: EXEC, annotations });
      host.runs.length = 0;
      await answer(await platform(`/api/v1/web/${owner.namespace}/default/${name}.json`));
      const [run] = host.runs;
      expect(run?.invocation).not.toHaveProperty("sealedKey");
      const key = clientOf(owner.namespace, run?.key ?? "");
      expect((await key.call("GET", "/actions")).status).toBe(200);
      expect((await key.call("PUT", "/actions/evil", { exec: EXEC })).json.error).toEqual(beyond);
    }
  });

  it("gets the least where it is a stranger's", async () => {
    const victim = await newClient();
    await owner.call("PUT", "/packages/tools", { publish: true });
    await owner.call("PUT", "/actions/tools/helper", { exec: EXEC, annotations: note("owner") });
    const binding = { namespace: owner.namespace, name: "tools" };
    await victim.call("PUT", "/packages/bound", { binding });
    const paths = [
      `/api/v1/namespaces/${owner.namespace}/actions/tools/helper`,
      "/api/v1/namespaces/_/actions/bound/helper",
    ];
    for (const path of paths) {
      host.runs.length = 0;
      const headers = { Authorization: `Basic ${btoa(victim.key)}` };
      await answer(await platform(`${path}?blocking=true`, { method: "POST", headers }));
      const stolen = clientOf(victim.namespace, host.runs[0]?.key ?? "");
      expect(stolen.key).not.toBe(victim.key);
      expect((await stolen.call("GET", "/packages")).json).toHaveLength(1);
      expect((await stolen.call("PUT", "/actions/evil", { exec: EXEC })).json.error).toEqual(beyond);
    }
  });
});

describe("what a key of less rights wrote", () => {
  /** The rights with which the action is sent at last. */
  const lent = async (): Promise<Rights> => {
    await expect.poll(() => host.runs.length).toBeGreaterThan(0);
    const { credential, rights } = host.runs[0]?.invocation ?? {};
    return credential === "owner" ? "owner" : (rights ?? "use");
  };

  it("lends a rule's action no more than it had, though the owner fires", async () => {
    const key = await keyOf(true);
    await owner.call("PUT", "/actions/mine", { exec: EXEC, annotations: note("owner") });
    const ends = { trigger: "/_/t", action: "/_/mine" };
    const fire = async () => {
      host.runs.length = 0;
      expect((await owner.call("POST", "/triggers/t", { a: 1 })).status).toBe(202);
      return lent();
    };
    await owner.call("PUT", "/triggers/t", {});
    await key.call("PUT", "/rules/r", ends);
    expect(await fire()).toBe("use");
    await owner.call("POST", "/rules/r", { status: "inactive" });
    await owner.call("POST", "/rules/r", { status: "active" });
    expect(await fire()).toBe("use");
    await owner.call("PUT", "/rules/r?overwrite=true", ends);
    expect(await fire()).toBe("owner");
    await key.call("PUT", "/triggers/t?overwrite=true", { parameters: [{ key: "a", value: "evil" }] });
    expect(await fire()).toBe("use");
  });

  it("lends a sequence's actions, and a package's, no more than it had", async () => {
    const key = await keyOf("deploy");
    await owner.call("PUT", "/packages/p", {});
    await owner.call("PUT", "/actions/p/mine", { exec: EXEC, annotations: note("owner") });
    const call = async (name: string) => {
      host.runs.length = 0;
      await owner.call("POST", `/actions/${name}?blocking=true`, {});
      return lent();
    };
    const exec = { kind: "sequence", components: ["/_/p/mine"] };
    expect((await key.call("PUT", "/actions/chain", { exec })).status).toBe(200);
    expect(await call("chain")).toBe("deploy");
    await owner.call("PUT", "/actions/around", { exec: { kind: "sequence", components: ["/_/chain"] } });
    expect(await call("around")).toBe("deploy");
    await owner.call("PUT", "/actions/chain?overwrite=true", { exec });
    expect(await call("around")).toBe("owner");
    await key.call("PUT", "/packages/p?overwrite=true", { parameters: [{ key: "a", value: "evil", init: true }] });
    expect(await call("p/mine")).toBe("deploy");
  });

  it("is told to no client", async () => {
    const key = await keyOf("deploy");
    await key.call("PUT", "/packages/p", {});
    await key.call("PUT", "/actions/p/x", { exec: EXEC });
    await key.call("PUT", "/triggers/t", {});
    await key.call("PUT", "/rules/r", { trigger: "/_/t", action: "/_/p/x" });
    for (const path of [
      "/packages",
      "/packages/p",
      "/actions",
      "/actions/p/x",
      "/triggers",
      "/triggers/t",
      "/rules/r",
    ]) {
      const { status, text } = await owner.call("GET", path);
      expect([path, status]).toEqual([path, 200]);
      expect(text).not.toContain("writtenWith");
    }
  });

  it("and what was stored before rights were noted, is a stored key's", async () => {
    await putAction("of-old", { annotations: [{ key: "provide-api-key", value: '"owner"' }] });
    host.runs.length = 0;
    expect((await ask("POST", "/api/v1/namespaces/_/actions/of-old?blocking=true")).status).toBe(200);
    expect(host.runs[0]?.key).toBe(GUEST_KEY);
  });
});
