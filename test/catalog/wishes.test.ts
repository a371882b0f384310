// What annotations say of hosts.

import { describe, expect, it } from "vitest";
import { hostFault, wishesOf } from "../../src/catalog/wishes.ts";
import type { Action } from "../../src/entities/action.ts";
import type { RosterEntry } from "../../src/protocol/rpc.ts";

const annotation = (key: string, value: unknown) => ({ key, value: JSON.stringify(value) });

describe("wishes", () => {
  it.each([
    [[], {}],
    [[annotation("invoker-resources", ["gpu", "eu"])], { labels: ["gpu", "eu"] }],
    [
      [annotation("invoker-resources", ["gpu"]), annotation("invoker-resources-strict-policy", false)],
      { preferred: ["gpu"] },
    ],
    [[annotation("invoker-resources", ["gpu", 7, "no label", ""])], { labels: ["gpu"] }],
    [[annotation("invoker-resources", "gpu")], {}],
    [[annotation("invoker-resources", { a: 1 })], {}],
    [[annotation("max-queue-time", 30)], { maxQueue: 30_000 }],
    [[annotation("max-queue-time", 1e12)], { maxQueue: 7 * 86_400_000 }],
    [[annotation("max-queue-time", 0)], {}],
    [[annotation("max-queue-time", -5)], {}],
    [[annotation("max-queue-time", "soon")], {}],
  ])("of %j are %j", (annotations, expected) => {
    expect(wishesOf(annotations)).toEqual(expected);
  });

  it("are sixteen labels at most", () => {
    const many = Array.from({ length: 40 }, (_, at) => `label-${at}`);
    expect(wishesOf([annotation("invoker-resources", many)]).labels).toHaveLength(16);
  });
});

describe("an action that no host could ever hold", () => {
  const host = { memory: 256, runtimes: [{ kind: "nodejs:20" }], blackbox: false } as unknown as RosterEntry;
  const action = (memory: number, more: object = {}) =>
    ({ exec: { kind: "nodejs:20" }, limits: { memory }, annotations: [], ...more }) as unknown as Action;

  it("is refused with a sentence", () => {
    expect(hostFault(action(256), [host])).toBeNull();
    expect(hostFault(action(512), [])).toBeNull();
    expect(hostFault(action(512), [host])).toMatchObject({
      code: "cannot-be-run",
      text: "The action cannot be run here: it needs 512 MB, and no host of this platform has more than 256 MB for it.",
    });
    const annotations = [annotation("invoker-resources", ["gpu"])];
    expect(hostFault(action(256, { annotations }), [host])?.text).toMatch(/has the label gpu/);
    const lenient = [...annotations, annotation("invoker-resources-strict-policy", false)];
    expect(hostFault(action(256, { annotations: lenient }), [host])).toBeNull();
  });

  it("is no sequence and no built-in one", () => {
    expect(hostFault(action(512, { exec: { kind: "sequence", components: [] } }), [host])).toBeNull();
    expect(hostFault(action(512, { exec: { kind: "builtin" } }), [host])).toBeNull();
  });
});
