// Who may hold how much, and who goes next.

import { describe, expect, it } from "vitest";
import { patience } from "../../../../runtime-host/engine/firewall/forwarder-body.ts";
import { type Asker, Shares } from "../../../../runtime-host/engine/firewall/forwarder-shares.ts";

const asker = (namespace: string, container = `${namespace}-1`): Asker => ({ namespace, container });
const takes = (shares: Shares, who: (n: number) => Asker): number => {
  let taken = 0;
  while (shares.take(who(taken))) taken++;
  return taken;
};

describe("shares", () => {
  it("leave a newcomer a place, however many namespaces take what they can", () => {
    const shares = new Shares({ total: 64, perContainer: 64 });
    const taken = Array.from({ length: 5 }, (_, n) => takes(shares, (at) => asker(`n${n}`, `n${n}-${at}`)));
    expect(taken[0]).toBe(32);
    for (const each of taken) expect(each).toBeGreaterThan(0);
    expect(shares.take(asker("newcomer"))).toBe(true);
  });

  it("hold a container to its own bound, and its namespace's others go on", () => {
    const shares = new Shares({ total: 64, perContainer: 4 });
    expect(takes(shares, () => asker("n"))).toBe(4);
    expect(shares.take(asker("n", "n-2"))).toBe(true);
  });

  it("give a free place to the namespace that holds least, and come back to nothing", async () => {
    const shares = new Shares({ total: 6, perContainer: 6 });
    const order: string[] = [];
    const signal = new AbortController().signal;
    const wait = (who: string) => shares.turn(asker(who), signal).then(() => order.push(who));
    for (const who of ["a", "a", "a", "b", "b", "c"]) expect(shares.take(asker(who))).toBe(true);
    void wait("a");
    void wait("b");
    void wait("d");
    shares.give(asker("c"));
    await new Promise(setImmediate);
    expect(order).toEqual(["d"]);
    for (const who of ["a", "d", "a", "a"]) shares.give(asker(who));
    await new Promise(setImmediate);
    expect(order).toEqual(["d", "a", "b"]);
    for (const who of ["a", "b", "b", "b"]) shares.give(asker(who));
    expect(shares.used).toBe(0);
  });

  it("forget who has gone while it waited", async () => {
    const shares = new Shares({ total: 2, perContainer: 1 });
    expect(shares.take(asker("a"))).toBe(true);
    const gone = new AbortController();
    const waiting = shares.turn(asker("a"), gone.signal);
    gone.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    shares.give(asker("a"));
    expect(shares.used).toBe(0);
  });
});

describe("the patience with a sender", () => {
  const pace = { heldBytes: 1024, silenceMs: 10_000, bytesPerS: 1000 };
  it.each([
    [{ waited: 0, received: 0 }, 10_000],
    [{ waited: 9_000, received: 0 }, 1_000],
    [{ waited: 10_000, received: 5_000 }, 5_000],
    // Whoever drips bytes is as slow as whoever is silent.
    [{ waited: 10_000, received: 10 }, 10],
    // What came fast buys no longer silence.
    [{ waited: 0, received: 10_000_000 }, 10_000],
  ])("%o: %d ms", (sofar, left) => expect(patience(sofar, pace)).toBe(left));
});
