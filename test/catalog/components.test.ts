// What a sequence may be made of: rights, length with inner sequences written out, and circles.

import { beforeEach, describe, expect, it } from "vitest";
import { componentOf, componentsFault } from "../../src/catalog/components.ts";
import { EntityRows } from "../invocation/entities.ts";

let shelf: EntityRows;

beforeEach(() => {
  shelf = new EntityRows();
  shelf.action("a/one");
});

async function fault(components: string[], sequence = "a/s") {
  const key = componentOf(`/${sequence}`);
  return componentsFault(shelf, { caller: "a", key, components: components.map(componentOf) });
}

const times = (count: number, name: string) => Array.from({ length: count }, () => name);
const text = async (components: string[], sequence?: string) => (await fault(components, sequence))?.text;
const sequence = (full: string, components: string[]) => shelf.action(full, { exec: { kind: "sequence", components } });

const TOO_LONG = "Too many actions in the sequence.";
const CYCLIC = "Sequence may not refer to itself.";
const MISSING = "Sequence component does not exist.";

describe("the length of a sequence", () => {
  it("is one to fifty, each component counted as often as it comes and read once", async () => {
    expect(await text([])).toBe("No component specified for the sequence.");
    expect(await fault(times(50, "/a/one"))).toBeNull();
    expect(shelf.reads).toEqual(["a/one"]);
    expect(await text(times(51, "/a/one"))).toBe(TOO_LONG);
  });

  it("counts the actions of inner sequences, not these", async () => {
    sequence("a/five", times(5, "/a/one"));
    sequence("a/ten", times(2, "/a/five"));
    expect(await fault(times(5, "/a/ten"))).toBeNull();
    expect(await text([...times(5, "/a/ten"), "/a/one"])).toBe(TOO_LONG);
  });

  it("is not escaped by sequences of sequences without end", async () => {
    for (let n = 1; n < 200; n++) sequence(`a/q${n}`, [`/a/q${n + 1}`]);
    sequence("a/q200", ["/a/one"]);
    expect(await text(["/a/q1"])).toBe(TOO_LONG);
    expect(await fault(["/a/q160"])).toBeNull();
    expect(shelf.reads.length).toBeLessThan(150);
  });
});

describe("a sequence that leads to itself", () => {
  it("is refused, directly and through others, before and after it is there", async () => {
    sequence("a/inner", ["/a/one", "/a/s"]);
    sequence("a/outer", ["/a/inner"]);
    for (const components of [["/a/s"], ["/a/one", "/a/s"], ["/a/inner"], ["/a/outer", "/a/one"]]) {
      expect(await text(components)).toBe(CYCLIC);
    }
    sequence("a/s", ["/a/one"]);
    expect(await text(["/a/outer"])).toBe(CYCLIC);
  });

  it("is refused through a binding", async () => {
    shelf.bundle("a/p");
    shelf.bundle("a/q", { to: "a/p" });
    sequence("a/p/s", ["/a/one"]);
    expect(await text(["/a/one", "/a/q/s"], "a/p/s")).toBe(CYCLIC);
    expect(await fault(["/a/q/s"], "a/p/t")).toBeNull();
  });

  it("and a circle that does not pass through it are both found", async () => {
    sequence("a/x", ["/a/y"]);
    sequence("a/y", ["/a/x"]);
    expect(await text(["/a/x"])).toBe(CYCLIC);
  });
});

describe("a component", () => {
  it("must be there, and be an action", async () => {
    shelf.bundle("a/p");
    sequence("a/inner", ["/a/gone"]);
    for (const name of ["/a/gone", "/a/p/gone", "/a/p", "/a/inner"]) expect(await text(["/a/one", name])).toBe(MISSING);
  });

  it("must be the caller's to read", async () => {
    shelf.action("b/private");
    shelf.bundle("b/closed");
    shelf.action("b/closed/act");
    shelf.bundle("b/open", { publish: true });
    shelf.action("b/open/act");
    shelf.bundle("a/bound", { to: "b/open" });
    expect(await fault(["/b/open/act", "/a/bound/act"])).toBeNull();
    for (const name of ["/b/private", "/b/gone", "/b/closed/act", "/b/none/act"]) {
      expect(await fault(["/a/one", name])).toMatchObject({ code: "not-authorized" });
    }
    expect(await fault(["/a/none/act"])).toMatchObject({ code: "not-found" });
  });

  it("inside another's published sequence is counted without rights of one's own", async () => {
    shelf.action("b/private");
    shelf.bundle("b/open", { publish: true });
    sequence("b/open/s", times(50, "/b/private"));
    expect(await fault(["/b/open/s"])).toBeNull();
    expect(await text(["/b/open/s", "/a/one"])).toBe(TOO_LONG);
  });
});
