// What a PUT of a trigger asks for, and the trigger that follows from it.

import { describe, expect, it } from "vitest";
import { type Trigger, type TriggerRule, withRule } from "../../src/entities/trigger.ts";
import { newTrigger, parseTriggerPut, updatedTrigger } from "../../src/entities/trigger-put.ts";

const HEAD = { path: "ns", name: "t", updated: 7, revision: "r1", writtenWith: "use" as const };
const STAMP = { updated: 9, revision: "r2", writtenWith: "owner" as const };
const LINK: TriggerRule = { rule: "ns/r", action: { path: "ns/p", name: "a" }, status: "active" };

function made(body: string): Trigger {
  const put = parseTriggerPut(body);
  const trigger = put.ok ? newTrigger(put.value, HEAD) : put;
  if (!trigger.ok) throw new Error(trigger.text);
  return trigger.value;
}

function refused(body: string): string | undefined {
  const put = parseTriggerPut(body);
  const trigger = put.ok ? newTrigger(put.value, HEAD) : put;
  return trigger.ok ? undefined : trigger.code;
}

describe("a PUT of a trigger", () => {
  it("keeps its rules and what a PUT does not name", () => {
    const old = withRule(made('{"parameters":[{"key":"a","value":1}],"publish":true}'), LINK, "r2");
    const put = parseTriggerPut('{"annotations":[{"key":"feed","value":7}],"parameters":null}');
    if (!put.ok) throw new Error(put.text);
    expect(updatedTrigger(old, put.value, { updated: 9, revision: "r3", writtenWith: "owner" })).toEqual({
      ...old,
      version: "0.0.2",
      writtenWith: "owner",
      annotations: [{ key: "feed", value: "7" }],
      updated: 9,
      revision: "r3",
    });
  });

  it("is not made with a feed that can be no name", () => {
    const feed = (value: unknown) => JSON.stringify({ annotations: [{ key: "feed", value }] });
    for (const good of ["/ns/p/f", "f", "p/f", "a/b/c/d"]) expect(refused(feed(good))).toBeUndefined();
    for (const bad of ["", "/", "a/ b", "a/?", 7, null, {}, true]) expect(refused(feed(bad))).toBe("bad-request");
  });

  it("makes one of the first version, without rules, that is not published", () => {
    expect(made("{}")).toEqual({
      ...{ namespace: "ns", name: "t", version: "0.0.1", publish: false, annotations: [], parameters: [], rules: [] },
      ...{ updated: 7, revision: "r1", writtenWith: "use" },
    });
    expect(made('{"version":"1","publish":true,"parameters":[{"key":"n","value":1.0}]}')).toMatchObject({
      ...{ version: "1.0.0", publish: true, parameters: [{ key: "n", value: "1.0" }] },
    });
  });

  it.each(["[]", "7", '{"publish":1}', '{"parameters":7}', '{"annotations":[7]}', '{"version":"a"}'])(
    "of %s is malformed",
    (body) => expect(refused(body)).toBe("malformed-body"),
  );

  it("says whose scope wrote it, of the last writer alone", () => {
    const scoped = newTrigger({}, { ...HEAD, writerScope: ["a*"] });
    if (!scoped.ok) throw new Error(scoped.text);
    expect(scoped.value.writerScope).toEqual(["a*"]);
    expect(updatedTrigger(scoped.value, {}, STAMP)).not.toHaveProperty("writerScope");
    expect(updatedTrigger(scoped.value, {}, { ...STAMP, writerScope: ["b"] }).writerScope).toEqual(["b"]);
  });

  it("takes the place of all that it names", () => {
    const old = withRule(made('{"parameters":[{"key":"a","value":1}],"publish":true}'), LINK, "r2");
    const put = parseTriggerPut('{"parameters":[],"annotations":[],"publish":false,"version":"4.5.6"}');
    if (!put.ok) throw new Error(put.text);
    expect(updatedTrigger(old, put.value, STAMP)).toEqual({
      ...{ ...old, parameters: [], annotations: [], publish: false, version: "4.5.6" },
      ...STAMP,
    });
  });
});
