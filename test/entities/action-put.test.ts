// What becomes of an action that is a sequence, was one, or becomes one.

import { describe, expect, test } from "vitest";
import type { Action, Exec } from "../../src/entities/action.ts";
import { newAction, parseActionPut, updatedAction } from "../../src/entities/action-put.ts";
import { DEFAULT_BOUNDS } from "../../src/entities/limits.ts";

const STAMP = { updated: 1, revision: "r", writtenWith: "owner" as const };
const CODE: Exec = { kind: "nodejs:20", code: { key: "code/x", hash: "x", size: 1 }, binary: false };
const SEQUENCE: Exec = { kind: "sequence", components: ["/ns/a", "/ns/p/b"] };
const OWN = [{ key: "own", value: "1.0" }];
const COMPONENTS = [{ key: "_actions", value: '["/ns/a","/ns/p/b"]' }];

function put(body: object) {
  const parsed = parseActionPut(JSON.stringify(body));
  if (!parsed.ok) throw new Error(parsed.text);
  return parsed.value;
}

function made(exec: Exec, body: object = {}): Action {
  return newAction(put(body), { path: "ns", name: "s", exec, bounds: DEFAULT_BOUNDS, ...STAMP });
}

describe("the parameters of a sequence", () => {
  const own = { parameters: [{ key: "own", value: 1 }] };

  test("are its components, whatever was sent", () => {
    expect(made(SEQUENCE, own).parameters).toEqual(COMPONENTS);
    expect(made(SEQUENCE).annotations).toContainEqual({ key: "exec", value: '"sequence"' });
    expect(updatedAction(made(SEQUENCE), put(own), { exec: undefined, ...STAMP }).parameters).toEqual(COMPONENTS);
  });

  test("follow its components", () => {
    const exec: Exec = { kind: "sequence", components: ["/ns/c"] };
    const after = updatedAction(made(SEQUENCE), put({}), { exec, ...STAMP });
    expect(after.parameters).toEqual([{ key: "_actions", value: '["/ns/c"]' }]);
  });

  test("take the place of an action's, and do not outlive it", () => {
    const action = { ...made(CODE), parameters: OWN };
    expect(updatedAction(action, put({}), { exec: SEQUENCE, ...STAMP }).parameters).toEqual(COMPONENTS);
    expect(updatedAction(made(SEQUENCE), put({}), { exec: CODE, ...STAMP }).parameters).toEqual([]);
    expect(updatedAction(made(SEQUENCE), put(own), { exec: CODE, ...STAMP }).parameters).toEqual([
      { key: "own", value: "1" },
    ]);
  });
});
