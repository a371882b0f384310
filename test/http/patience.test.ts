// Bodies that come late or not at all, on a clock that is moved by hand.

import { beforeEach, describe, expect, it } from "vitest";
import { clientAddress } from "../../src/http/client-address.ts";
import {
  GivenUp,
  inTime,
  LATE_MS,
  MAX_OF_ALL,
  MAX_OF_ONE,
  MIN_BYTES_PER_SECOND,
  type Patience,
  SILENCE_MS,
  unfinishedBodies,
  wholeInTime,
} from "../../src/http/patience.ts";
import type { Places } from "../../src/http/places.ts";
import { Clock, settle } from "../durable-objects/clock.ts";

let clock: Clock;
let unfinished: Places;

beforeEach(() => {
  clock = new Clock();
  unfinished = unfinishedBodies();
});

function patience(sender = "someone"): Patience {
  return { now: clock.now, after: clock.after, unfinished, sender };
}

/** Of `byteLength` bytes, told apart by a number. */
interface Piece {
  at: number;
  byteLength: number;
}

/** A body whose pieces the test sends. */
function body() {
  let next = Promise.withResolvers<IteratorResult<Piece>>();
  const pieces = {
    next: () => next.promise,
    return: async () => ({ done: true, value: undefined }),
    throw: async () => ({ done: true, value: undefined }),
    [Symbol.asyncIterator]: () => pieces,
    [Symbol.asyncDispose]: async () => undefined,
  } as unknown as AsyncGenerator<Piece>;
  const send = (result: IteratorResult<Piece>) => {
    const { resolve } = next;
    next = Promise.withResolvers();
    resolve(result);
  };
  return {
    pieces,
    send: (at: number, byteLength = 1) => send({ done: false, value: { at, byteLength } }),
    end: () => send({ done: true, value: undefined }),
  };
}

interface Reading {
  read: number[];
  outcome: string;
}

function reading(pieces: AsyncGenerator<Piece>, sender?: string): Reading {
  const story: Reading = { read: [], outcome: "under way" };
  const work = async () => {
    for await (const piece of inTime(pieces, patience(sender))) story.read.push(piece.at);
    story.outcome = "whole";
  };
  void work().catch((cause: unknown) => {
    story.outcome = cause instanceof GivenUp ? cause.reason : String(cause);
  });
  return story;
}

describe("a body", () => {
  it("that comes is read to its end, however long it takes", async () => {
    const { pieces, send, end } = body();
    const story = reading(pieces);
    for (let at = 0; at < 20; at++) {
      await clock.advance(SILENCE_MS - 1);
      send(at, MIN_BYTES_PER_SECOND * (SILENCE_MS / 1_000));
      await settle();
    }
    expect(story).toEqual({ read: Array.from({ length: 20 }, (_, at) => at), outcome: "under way" });
    end();
    await settle();
    expect(story.outcome).toBe("whole");
    expect(clock.timers).toBe(0);
  });

  it("that is silent for ten seconds is given up, from its first byte or from any other", async () => {
    const never = reading(body().pieces);
    const { pieces, send } = body();
    const story = reading(pieces);
    await clock.advance(SILENCE_MS - 1);
    send(1, MIN_BYTES_PER_SECOND * (SILENCE_MS / 1_000));
    await settle();
    expect([never.outcome, story.outcome]).toEqual(["under way", "under way"]);
    await clock.advance(1);
    expect([never.outcome, story.outcome]).toEqual(["silent", "under way"]);
    await clock.advance(SILENCE_MS - 2);
    expect(story.outcome).toBe("under way");
    await clock.advance(1);
    expect(story).toEqual({ read: [1], outcome: "silent" });
  });

  it("that drips is given up: what has come earns time at the least pace, and a grace of ten seconds", async () => {
    const drip = body();
    const slow = reading(drip.pieces);
    const enough = body();
    const steady = reading(enough.pieces);
    for (let at = 0; at < 100; at++) {
      drip.send(at);
      enough.send(at, MIN_BYTES_PER_SECOND);
      await settle();
      await clock.advance(1_000);
      if (at === 8) expect(slow.outcome).toBe("under way");
      if (at === 10) expect([slow.outcome, slow.read.length]).toEqual(["slow", 11]);
    }
    expect(steady.outcome).toBe("under way");
    const few = body();
    const late = reading(few.pieces);
    await clock.advance(SILENCE_MS - 1_000);
    few.send(0);
    await settle();
    await clock.advance(1_002);
    expect(late.outcome).toBe("slow");
  });

  it("is not slow because of its reader", async () => {
    const { pieces, send } = body();
    const work = Promise.withResolvers<void>();
    let outcome = "under way";
    const read = async () => {
      for await (const piece of inTime(pieces, patience())) if (piece.at === 0) await work.promise;
    };
    void read().catch((cause: GivenUp) => {
      outcome = cause.reason;
    });
    send(0);
    await settle();
    await clock.advance(20 * SILENCE_MS);
    work.resolve();
    await settle();
    await clock.advance(SILENCE_MS - 1_000);
    expect(outcome).toBe("under way");
    await clock.advance(1_002);
    expect(outcome).toBe("silent");
  });

  it("counts against its sender once it is late, until it ends in whatever way", async () => {
    const late = Array.from({ length: MAX_OF_ONE }, () => body());
    const stories = late.map(({ pieces }) => reading(pieces));
    await clock.advance(LATE_MS - 1);
    const one = body();
    const more = reading(one.pieces);
    const other = reading(body().pieces, "another");
    await clock.advance(1);
    expect(stories.every(({ outcome }) => outcome === "under way")).toBe(true);
    await clock.advance(LATE_MS);
    expect([more.outcome, other.outcome]).toEqual(["crowded", "under way"]);
    late[0]?.end();
    await settle();
    const next = reading(body().pieces);
    await clock.advance(LATE_MS);
    expect(next.outcome).toBe("under way");
    await clock.advance(SILENCE_MS);
    expect(stories.slice(1).every(({ outcome }) => outcome === "silent")).toBe(true);
    const again = Array.from({ length: MAX_OF_ONE }, () => reading(body().pieces));
    await clock.advance(LATE_MS);
    expect(again.every(({ outcome }) => outcome === "under way")).toBe(true);
  });

  it("that is whole before it is late counts nowhere, however many there are", async () => {
    const bodies = Array.from({ length: 10 * MAX_OF_ONE }, () => body());
    const stories = bodies.map(({ pieces }) => reading(pieces));
    await clock.advance(LATE_MS - 1);
    for (const { send, end } of bodies) {
      send(1);
      await settle();
      end();
    }
    await settle();
    await clock.advance(SILENCE_MS);
    expect(stories.every(({ outcome }) => outcome === "whole")).toBe(true);
  });

  it("is one of so many of all senders", async () => {
    const stories = Array.from({ length: MAX_OF_ALL + 1 }, (_, at) => reading(body().pieces, `sender ${at}`));
    await clock.advance(LATE_MS);
    expect(stories.filter(({ outcome }) => outcome === "crowded")).toHaveLength(1);
  });

  it("of another sender is waited for although few senders have filled all places", async () => {
    const many = Array.from({ length: MAX_OF_ALL }, (_, at) => reading(body().pieces, `sender ${at % 16}`));
    await clock.advance(LATE_MS);
    const one = reading(body().pieces, "another");
    await clock.advance(LATE_MS);
    expect(one.outcome).toBe("under way");
    expect(many.filter(({ outcome }) => outcome === "crowded")).toHaveLength(1);
  });

  it("that is asked for as one is waited for in the same way", async () => {
    const whole = Promise.withResolvers<string>();
    const silent = wholeInTime(new Promise(() => undefined), patience()).catch((cause: GivenUp) => cause.reason);
    const story = wholeInTime(whole.promise, patience());
    await clock.advance(SILENCE_MS - 1);
    whole.resolve("all");
    expect(await story).toBe("all");
    await clock.advance(1);
    expect(await silent).toBe("silent");
  });
});

describe("the address of a client", () => {
  it("is what the trusted header says last, and nobody else's word", () => {
    const headers = new Headers({
      "X-Real-IP": "9.9.9.9",
      "CF-Connecting-IP": "1.1.1.1, 2.2.2.2",
      long: "x".repeat(65),
    });
    expect(clientAddress(headers, null)).toBeNull();
    expect(clientAddress(headers, "x-real-ip")).toBe("9.9.9.9");
    expect(clientAddress(headers, "CF-Connecting-IP")).toBe("2.2.2.2");
    expect(clientAddress(headers, "long")).toBeNull();
    expect(clientAddress(headers, "none")).toBeNull();
  });
});
