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
function churning(pool: SandboxPool, namespace: string, count: number, now: number): void {
  for (let n = 0; n <= count; n++) pool.arrived(namespace);
  pool.left(namespace, now);
}

describe("a sandbox", () => {
  it("is made for who has several containers of which one went lately, and for nobody else", () => {
    const pool = new SandboxPool();
    expect(pool.offer("a", 0)).toBe("none");
    churning(pool, "a", 3, 0);
    expect(pool.offer("a", 1)).toBe("none");
    churning(pool, "b", 4, 0);
    expect(pool.offer("b", 1)).toBe("make");
    expect(pool.offer("b", 1 + MINUTE)).toBe("none");
    expect(pool.offer("a", 1)).toBe("none");
  });

  it("goes from one container to the next of the same namespace, the one used last first", () => {
    const pool = new SandboxPool();
    const [one, two] = [sandbox(), sandbox()];
    pool.made(one, "a", 0);
    pool.made(two, "a", 0);
    expect(pool.offer("a", 1)).toBe("none");
    pool.freed(one, 2);
    pool.freed(two, 3);
    expect(pool.offer("b", 4)).toBe("none");
    expect(pool.offer("a", 4)).toEqual({ use: two });
    expect(pool.offer("a", 4)).toEqual({ use: one });
    expect(pool.offer("a", 4)).toBe("none");
  });

  it("that is a spare goes to whoever comes, and is his for good", () => {
    const pool = new SandboxPool();
    const spare = sandbox();
    pool.made(spare, null, 0);
    expect(pool.offer("a", 1)).toEqual({ use: spare });
    pool.freed(spare, 2);
    expect(pool.offer("b", 3)).toBe("none");
    expect(pool.offer("a", 3)).toEqual({ use: spare });
  });

  it("is kept ready while somebody had a use for it lately", () => {
    const pool = new SandboxPool();
    expect(pool.lacksSpare(0)).toBe(false);
    pool.offer("a", 0);
    expect(pool.lacksSpare(1)).toBe(true);
    const spares = [sandbox(), sandbox()];
    for (const each of spares) pool.made(each, null, 1);
    expect(pool.lacksSpare(2)).toBe(false);
    expect(pool.due(5 * MINUTE)).toEqual([]);
    expect(pool.due(10 * MINUTE)).toEqual(spares);
    expect(pool.lacksSpare(10 * MINUTE)).toBe(false);
  });

  it("that nobody has used for a minute, that is old, or one of too many, is due", () => {
    const pool = new SandboxPool();
    const idle = sandbox();
    pool.made(idle, "a", 0);
    pool.freed(idle, 0);
    expect(pool.due(MINUTE - 1)).toEqual([]);
    expect(pool.due(MINUTE)).toEqual([idle]);
    pool.forget(idle);
    const old = sandbox();
    pool.made(old, "a", 0);
    expect(pool.due(20 * MINUTE)).toEqual([]);
    pool.freed(old, 10 * MINUTE);
    expect(pool.offer("a", 10 * MINUTE)).toBe("none");
    expect(pool.due(10 * MINUTE)).toEqual([old]);
    pool.forget(old);
    const many = Array.from({ length: 20 }, () => sandbox());
    for (const each of many) pool.made(each, `ns-${each.id}`, 0);
    for (const each of many) pool.freed(each, 1);
    expect(pool.due(2)).toEqual(many.slice(0, 4));
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
        const pool = new SandboxPool();
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
            pool.arrived(who);
            const offer = pool.offer(who, now);
            if (typeof offer === "object") use(offer.use, who);
            else if (offer === "make" || what === "make") {
              const each = sandbox(now);
              pool.made(each, who, now);
              use(each, who);
            }
          } else if (what === "spare") pool.made(sandbox(now), null, now);
          else if (what === "left") pool.left(who, now);
          else if (what === "tidy") for (const each of pool.due(now)) pool.forget(each);
          else if (inUse.length > 0) pool.freed(inUse.splice(which % inUse.length, 1)[0] as Sandbox, now);
          const idle = pool.all.filter((each) => !inUse.includes(each));
          for (const each of pool.due(now)) expect(idle).toContain(each);
        }
      }),
      { numRuns: 300 },
    );
  });
});
