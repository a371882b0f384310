// Actions as text: stored, listed and shown.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Action, Exec } from "../../src/entities/action.ts";
import { documentOf, readAction, showAction, summaryOf } from "../../src/entities/action-document.ts";

const code = { key: "code/1", hash: "abc", size: 3 };

function action(overrides: Partial<Action> = {}): Action {
  return {
    namespace: "ns",
    name: "a",
    version: "0.0.1",
    publish: false,
    annotations: [{ key: "exec", value: '"nodejs:20"' }],
    parameters: [{ key: "p", value: "1.0" }],
    limits: { timeout: 1, memory: 2, logs: 3, concurrency: 4 },
    exec: { kind: "nodejs:20", code, binary: false, main: "m" },
    updated: 5,
    revision: "r",
    ...overrides,
  };
}

const execs = fc.constantFrom<Exec>(
  { kind: "nodejs:20", code, binary: true },
  { kind: "blackbox", image: "i", binary: false },
  { kind: "blackbox", image: "i", code, binary: true, main: "m" },
  { kind: "sequence", components: ["/ns/a"] },
);

test("what was stored is read back, values with their bytes", () => {
  const parameter = fc.record({
    key: fc.string({ unit: "binary" }),
    value: fc.constantFrom("1.0", "1e400", '"\\u0041"', "[ ]"),
  });
  const list = fc.uniqueArray(parameter, { selector: (each) => each.key, maxLength: 5 });
  fc.assert(
    fc.property(list, list, execs, (annotations, parameters, exec) => {
      const one = action({ annotations, parameters, exec, limits: { ...action().limits, instances: 7 } });
      expect(readAction(documentOf(one))).toEqual(one);
    }),
    { numRuns: 50 },
  );
});

test.each(["", "{", "null", "[]", "{}", '{"name":"a"}', documentOf(action()).replace('"limits"', '"x"')])(
  "%s is no action, and no crash",
  (text) => expect(readAction(text)).toBeNull(),
);

test("a list item has neither code nor parameters", () => {
  const { parameters: _, exec: __, revision: ___, ...rest } = action();
  const item = { ...rest, annotations: [{ key: "exec", value: "nodejs:20" }], exec: { binary: false } };
  expect(JSON.parse(summaryOf(action()))).toEqual(item);
  expect(JSON.parse(summaryOf(action({ exec: { kind: "sequence", components: [] } }))).exec).toEqual({ binary: false });
});

test("what is shown has the code between two halves, wherever it stands", () => {
  const shown = showAction(action({ name: "\\u0000", parameters: [{ key: "code", value: '"\\u0000"' }] }), {
    code: true,
  });
  if (!("before" in shown)) throw new Error("the code is missing");
  expect(shown.code).toEqual(code);
  expect(JSON.parse(`${shown.before}some code${shown.after}`)).toMatchObject({
    exec: { kind: "nodejs:20", binary: false, main: "m", code: "some code" },
    parameters: [{ key: "code", value: "\u0000" }],
  });
  expect(`${shown.before}${shown.after}`).not.toContain('"revision"');
  expect(`${shown.before}${shown.after}`).not.toContain("code/1");
});

test("without code there is one piece", () => {
  for (const [exec, options] of [
    [action().exec, { code: false }],
    [{ kind: "blackbox", image: "i", binary: false }, { code: true }],
  ] as [Exec, { code: boolean }][]) {
    const shown = showAction(action({ exec }), options);
    expect("whole" in shown && JSON.parse(shown.whole).exec.code).toBeUndefined();
    expect(Object.keys(shown)).toEqual(["whole"]);
  }
});
