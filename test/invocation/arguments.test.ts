// The payload over the action's parameters, byte for byte.

import { describe, expect, it } from "vitest";
import type { Action } from "../../src/entities/action.ts";
import { argumentsOf } from "../../src/invocation/arguments.ts";
import { type ResolvedAction, resolvedActionOf } from "../../src/invocation/resolved-action.ts";

const plain: Action = {
  namespace: "guest",
  name: "hello",
  version: "0.0.1",
  publish: false,
  annotations: [],
  updated: 0,
  revision: "1",
  parameters: [],
  limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
  exec: { kind: "nodejs:20", code: { key: "code/x", hash: "x", size: 1 }, binary: false },
};

async function callable(changes: Partial<Action>): Promise<ResolvedAction> {
  const options = { key: { path: "guest", name: "hello" }, revision: "1", bundle: null, caller: "guest" };
  const made = resolvedActionOf({ ...plain, ...changes }, options);
  if (made === null) throw new Error("not callable");
  return made;
}

describe("arguments", () => {
  it("are the payload as it was sent where the action has no parameters", async () => {
    const payload = '{ "n": 18446744073709551616, "f": 1.0, "n": 1e400 }';
    expect(argumentsOf(await callable({}), payload)).toEqual({ ok: true, value: { args: payload } });
  });

  it("are the parameters where no payload was sent", async () => {
    const action = await callable({ parameters: [{ key: "a", value: "1.0" }] });
    expect(argumentsOf(action, undefined)).toEqual({ ok: true, value: { args: '{"a":1.0}' } });
    expect(argumentsOf(await callable({}), undefined)).toEqual({ ok: true, value: { args: "{}" } });
  });

  it("let the payload win, values untouched", async () => {
    const parameters = [
      { key: "a", value: "1.00" },
      { key: "b", value: '{"x" : 2}' },
    ];
    const made = argumentsOf(await callable({ parameters }), '{"a":12345678901234567890}');
    expect(made).toEqual({ ok: true, value: { args: '{"a":12345678901234567890,"b":{"x" : 2}}' } });
  });

  it("refuse a payload that sets a final parameter, unless that was null", async () => {
    const action = await callable({
      annotations: [{ key: "final", value: "true" }],
      parameters: [
        { key: "fixed", value: '"x"' },
        { key: "open", value: "null" },
      ],
    });
    expect(argumentsOf(action, '{"fixed":1}')).toMatchObject({ ok: false, code: "bad-request" });
    expect(argumentsOf(action, '{"open":1}')).toEqual({ ok: true, value: { args: '{"fixed":"x","open":1}' } });
  });

  it("take init parameters out and hand them to the environment as text", async () => {
    const parameters = [
      { key: "KEY", value: '"line\\n"', init: true },
      { key: "OBJ", value: '{"a": 1.0}', init: true },
      { key: "b", value: "2" },
    ];
    const made = argumentsOf(await callable({ parameters }), '{"KEY":"mine","c":3}');
    expect(made).toEqual({
      ok: true,
      value: { args: '{"b":2,"c":3}', initEnv: { KEY: "mine", OBJ: '{"a": 1.0}' } },
    });
  });
});

describe("the key an action asks for", () => {
  it.each([
    ["false", null],
    ["0", null],
    ['""', null],
    ["null", null],
    ["true", "use"],
    ['"true"', "use"],
    ['"Owner"', "use"],
    ['"deploy"', "deploy"],
    ['"owner"', "owner"],
  ])("with provide-api-key %s may %s", async (value, rights) => {
    expect((await callable({ annotations: [{ key: "provide-api-key", value }] })).askedRights).toBe(rights);
  });

  it("may use where the annotation is missing", async () => {
    expect((await callable({})).askedRights).toBe("use");
  });
});
