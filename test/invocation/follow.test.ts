// Following a log: every line once and in order, whatever becomes of scheduler, host and run meanwhile.

import { expect, it } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import { type FollowEvent, type FollowPorts, follow } from "../../src/invocation/follow.ts";
import type { RosterEntry, TailReply } from "../../src/protocol/rpc.ts";

const NOW = 1_800_000_000_000;
const id = (at: number) => `${at.toString(16).padStart(12, "0")}${"0".repeat(20)}`;
const RECORD = { activationId: id(NOW), statusCode: 0 } as ActivationRecord;
const piece = (lines: string[], from = 0, attempt = 1): TailReply => {
  const text = lines.map((line) => JSON.stringify(line)).join(",");
  return { kind: "lines", attempt, text, next: from + text.length + 1 };
};

class World implements FollowPorts {
  at = NOW;
  record: ActivationRecord | null = null;
  known = true;
  lines: string[] = [];
  /** What each question is answered with, in order; a number is for how long nothing comes. */
  replies: (TailReply | number | (() => TailReply))[] = [];
  asked: { from: number; namespaceId: string }[] = [];
  holds = true;
  connected = true;

  now = () => this.at;
  store = {
    await: async (_id: string, { ms }: { ms: number }) => {
      if (this.record === null) this.at += ms;
      return { record: this.record, known: this.known || this.record !== null };
    },
  };
  composing = false;
  composition = { runs: async () => this.composing };
  schedulers = () => [{ scheduler: "h/0", connected: this.connected } as RosterEntry];
  scheduler = () => ({
    tail: async (
      _id: string,
      { from, waitMs, namespaceId }: { from: number; waitMs: number; namespaceId: string },
    ): Promise<TailReply> => {
      if (waitMs === 0) return this.holds ? { kind: "nothing" } : { kind: "unknown" };
      this.asked.push({ from, namespaceId });
      const reply = this.replies.shift();
      if (reply === undefined) {
        this.record = RECORD;
        return { kind: "over" };
      }
      if (typeof reply === "number") {
        this.at += reply;
        return { kind: "nothing" };
      }
      return typeof reply === "function" ? reply() : reply;
    },
  });
  /** Three at a time. */
  async *linesOf() {
    for (let at = 0; at < this.lines.length; at += 3) yield this.lines.slice(at, at + 3);
  }

  async all(of = id(NOW)): Promise<FollowEvent[]> {
    const said: FollowEvent[] = [];
    for await (const each of follow(this, { id: of, namespaceId: "mine" })) if (each.kind !== "idle") said.push(each);
    return said;
  }
}

it("tells what was printed as it comes, then what the record adds, then the end", async () => {
  const world = new World();
  world.lines = ["a", "b", "c", "d"];
  world.replies = [piece(["a"]), 5_000, piece(["b", "c"], 4)];
  expect(await world.all()).toEqual([
    { kind: "lines", lines: ["a"], count: 1 },
    { kind: "lines", lines: ["b", "c"], count: 3 },
    { kind: "lines", lines: ["d"], count: 4 },
    { kind: "end", record: RECORD },
  ]);
  expect(world.asked.map(({ from }) => from)).toEqual([0, 4, 4, 12]);
  expect(world.asked[0]?.namespaceId).toBe("mine");
});

it("tells a record that is there without asking anybody who runs it", async () => {
  const world = new World();
  world.record = RECORD;
  world.lines = ["a"];
  expect((await world.all()).map(({ kind }) => kind)).toEqual(["lines", "end"]);
  expect(world.asked).toEqual([]);
});

it("waits for one that waits for a host, and goes on after an answer that came at once without a word", async () => {
  const world = new World();
  world.lines = ["a"];
  world.holds = false;
  world.replies = [0, 0, piece(["a"])];
  const told = follow(world, { id: id(NOW), namespaceId: "mine" });
  for (let n = 0; n < 3; n++) expect((await told.next()).value).toEqual({ kind: "idle" });
  expect(world.asked).toEqual([]);
  world.holds = true;
  const rest: string[] = [];
  for await (const { kind } of told) if (kind !== "idle") rest.push(kind);
  expect(rest).toEqual(["lines", "end"]);
  // Such an answer does not make it ask in a circle.
  expect(world.at - NOW).toBeGreaterThan(4 * 250);
});

it("begins anew, and says so, when another attempt runs", async () => {
  const world = new World();
  world.lines = ["x", "y"];
  world.replies = [piece(["a"]), { kind: "unknown" }, piece([], 4, 2), piece(["x"], 0, 2)];
  expect(await world.all()).toEqual([
    { kind: "lines", lines: ["a"], count: 1 },
    { kind: "again" },
    { kind: "lines", lines: ["x"], count: 1 },
    { kind: "lines", lines: ["y"], count: 2 },
    { kind: "end", record: RECORD },
  ]);
  expect(world.asked.map(({ from }) => from)).toEqual([0, 4, 4, 0, 4]);
});

it("knows nothing of an id nobody knows, once it is old enough to be known", async () => {
  const world = new World();
  world.known = false;
  world.holds = false;
  expect(await world.all()).toEqual([{ kind: "unknown" }]);
  expect(world.at - NOW).toBeGreaterThan(2_000);
});

it("gives up an id from the future as soon as one of now", async () => {
  const world = new World();
  Object.assign(world, { holds: false, known: false });
  expect(await world.all(id(NOW + 10 * 365 * 86_400_000))).toEqual([{ kind: "unknown" }]);
  expect(world.at - NOW).toBeGreaterThan(2_000);
  expect(world.at - NOW).toBeLessThan(5_000);
});

it("waits for a sequence's record, which is all there is to be told of it", async () => {
  const world = new World();
  world.known = false;
  world.holds = false;
  world.composing = true;
  world.lines = ["step"];
  const told = follow(world, { id: id(NOW), namespaceId: "mine" });
  for (let n = 0; n < 20; n++) expect((await told.next()).value).toEqual({ kind: "idle" });
  world.record = RECORD;
  expect((await told.next()).value).toEqual({ kind: "lines", lines: ["step"], count: 1 });
});

it("goes on where it was when a scheduler is lost", async () => {
  const world = new World();
  world.lines = ["a", "b"];
  const lost = (): TailReply => {
    throw new Error("the object was reset");
  };
  world.replies = [piece(["a"]), lost, piece(["b"], 4)];
  expect((await world.all()).map(({ kind }) => kind)).toEqual(["lines", "lines", "end"]);
  expect(world.asked.map(({ from }) => from)).toEqual([0, 4, 4, 8]);
});

it("asks a bounded number of times", async () => {
  const world = new World();
  let lines = 0;
  world.replies = Array.from({ length: 2_000 }, () => () => piece([`${++lines}`]));
  const said = await world.all();
  expect(said.at(-1)?.kind).toBe("lines");
  expect(world.asked.length).toBeLessThan(1_000);
});
