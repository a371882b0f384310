// Whose network a container is offered.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Sandbox, SandboxPool } from "../../../../runtime-host/engine/docker/sandbox-pool.ts";

const MINUTE = 60_000;
let made = 0;

function sandbox(at = 0): Sandbox {
  return { id: `s${made++}`, made: at, address: "10.0.0.1", files: {} };
}

/** `count` containers of a namespace are here, and one has just gone. */
function churning(book: SandboxPool, namespace: string, count: number, now: number): void {
  for (let n = 0; n <= count; n++) book.arrived(namespace);
  book.left(namespace, now);
}

describe("a sandbox", () => {
  it("is made for who has several containers of which one went lately, and for nobody else", () => {
    const book = new SandboxPool();
    expect(book.offer("a", 0)).toBe("none");
    churning(book, "a", 3, 0);
    expect(book.offer("a", 1)).toBe("none");
    churning(book, "b", 4, 0);
    expect(book.offer("b", 1)).toBe("make");
    expect(book.offer("b", 1 + MINUTE)).toBe("none");
    expect(book.offer("a", 1)).toBe("none");
  });

  it("goes from one container to the next of the same namespace, the one used last first", () => {
    const book = new SandboxPool();
    const [one, two] = [sandbox(), sandbox()];
    book.made(one, "a", 0);
    book.made(two, "a", 0);
    expect(book.offer("a", 1)).toBe("none");
    book.freed(one, 2);
    book.freed(two, 3);
    expect(book.offer("b", 4)).toBe("none");
    expect(book.offer("a", 4)).toEqual({ use: two });
    expect(book.offer("a", 4)).toEqual({ use: one });
    expect(book.offer("a", 4)).toBe("none");
  });

  it("that is a spare goes to whoever comes, and is his for good", () => {
    const book = new SandboxPool();
    const spare = sandbox();
    book.made(spare, null, 0);
    expect(book.offer("a", 1)).toEqual({ use: spare });
    book.freed(spare, 2);
    expect(book.offer("b", 3)).toBe("none");
    expect(book.offer("a", 3)).toEqual({ use: spare });
  });

  it("is kept ready while somebody had a use for it lately", () => {
    const book = new SandboxPool();
    expect(book.lacksSpare(0)).toBe(false);
    book.offer("a", 0);
    expect(book.lacksSpare(1)).toBe(true);
    const spares = [sandbox(), sandbox()];
    for (const each of spares) book.made(each, null, 1);
    expect(book.lacksSpare(2)).toBe(false);
    expect(book.due(5 * MINUTE)).toEqual([]);
    expect(book.due(10 * MINUTE)).toEqual(spares);
    expect(book.lacksSpare(10 * MINUTE)).toBe(false);
  });

  it("that nobody has used for a minute, that is old, or one of too many, is due", () => {
    const book = new SandboxPool();
    const idle = sandbox();
    book.made(idle, "a", 0);
    book.freed(idle, 0);
    expect(book.due(MINUTE - 1)).toEqual([]);
    expect(book.due(MINUTE)).toEqual([idle]);
    book.forget(idle);
    const old = sandbox();
    book.made(old, "a", 0);
    expect(book.due(20 * MINUTE)).toEqual([]);
    book.freed(old, 10 * MINUTE);
    expect(book.offer("a", 10 * MINUTE)).toBe("none");
    expect(book.due(10 * MINUTE)).toEqual([old]);
    book.forget(old);
    const many = Array.from({ length: 20 }, () => sandbox());
    for (const each of many) book.made(each, `ns-${each.id}`, 0);
    for (const each of many) book.freed(each, 1);
    expect(book.due(2)).toEqual(many.slice(0, 4));
  });

  it("never serves two namespaces, nor two containers at once, whatever happens", () => {
    const event = fc.record({
      what: fc.constantFrom("offer", "free", "spare", "make", "left", "tidy"),
      who: fc.constantFrom("a", "b", "c"),
      which: fc.nat(30),
      pause: fc.nat(40_000),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const book = new SandboxPool();
        const owner = new Map<Sandbox, string>();
        const inUse: Sandbox[] = [];
        let now = 0;
        const use = (each: Sandbox, who: string) => {
          expect(owner.get(each) ?? who).toBe(who);
          expect(inUse).not.toContain(each);
          owner.set(each, who);
          inUse.push(each);
        };
        for (const { what, who, which, pause } of events) {
          now += pause;
          if (what === "offer" || what === "make") {
            book.arrived(who);
            const offer = book.offer(who, now);
            if (typeof offer === "object") use(offer.use, who);
            else if (offer === "make" || what === "make") {
              const each = sandbox(now);
              book.made(each, who, now);
              use(each, who);
            }
          } else if (what === "spare") book.made(sandbox(now), null, now);
          else if (what === "left") book.left(who, now);
          else if (what === "tidy") for (const each of book.due(now)) book.forget(each);
          else if (inUse.length > 0) book.freed(inUse.splice(which % inUse.length, 1)[0] as Sandbox, now);
          const idle = book.all.filter((each) => !inUse.includes(each));
          for (const each of book.due(now)) expect(idle).toContain(each);
        }
      }),
      { numRuns: 300 },
    );
  });
});
