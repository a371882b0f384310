// What has come and is not acknowledged: bounded, in few questions, again until it is stored,
// and acknowledged only then.

import { expect, it } from "vitest";
import { READ_UNTIL } from "../../../runtime-host/connectors/connection.ts";
import { freshCounts, MAX_BATCH, MessageIntake } from "../../../runtime-host/connectors/intake.ts";
import type { Message } from "../../../runtime-host/connectors/message.ts";
import {
  type FiresAnswer,
  type HostFires,
  MAX_FIRES_CHARACTERS,
  MAX_UNACKNOWLEDGED,
} from "../../../src/protocol/subscriptions.ts";

interface Question {
  keys: string[];
  released: number[];
  answer(answer: FiresAnswer): void;
  fail(): void;
}

/** An intake whose questions are answered by hand. */
function bench() {
  const asked: Question[] = [];
  const done: string[] = [];
  const said: string[] = [];
  const counts = freshCounts();
  const intake = new MessageIntake({
    counts,
    fire: ({ fires, released }: Pick<HostFires, "fires" | "released">) =>
      new Promise((resolve, reject) => {
        const keys = fires.map(({ key }) => key);
        asked.push({ keys, released, answer: resolve, fail: () => reject(new Error("no answer")) });
      }),
    gaveUp: () => said.push("gave up"),
    lost: (reason) => said.push(`lost: ${reason}`),
    room: () => said.push("room"),
    failed: (text) => said.push(text),
    pauseMs: () => 0,
  });
  const take = (key: string, more: Partial<Message> = {}) =>
    intake.take({ key, at: 1, payload: "{}", again: false, fleeting: false, done: () => done.push(key), ...more });
  const next = async (): Promise<Question> => {
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    return asked.shift() as Question;
  };
  return { intake, asked, done, said, counts, take, next };
}

const fired = (count: number): FiresAnswer => ({
  kind: "done",
  outcomes: Array.from({ length: count }, () => ({ kind: "fired" })),
});

it("what waits goes into few questions, and is acknowledged when its fire is stored", async () => {
  const { take, next, done, counts, intake } = bench();
  for (let at = 0; at < 30; at++) take(`m${at}`);
  expect(intake.unacknowledged).toBe(30);
  // Each alone as long as there are ways; then together.
  const ways: Question[] = [];
  for (let at = 0; at < 4; at++) ways.push(await next());
  expect(ways.map(({ keys }) => keys)).toEqual([["m0"], ["m1"], ["m2"], ["m3"]]);
  expect(done).toEqual([]);
  ways[2]?.answer(fired(1));
  const rest = await next();
  expect([rest.keys.length, done]).toEqual([26, ["m2"]]);
  rest.answer(fired(26));
  await expect.poll(() => counts).toMatchObject({ received: 30, fired: 27 });
});

it("a question has so many messages at most, and so many characters, but one message however long", async () => {
  const { take, next } = bench();
  for (let at = 0; at < 4; at++) take(`first${at}`);
  for (let at = 0; at < MAX_BATCH + 5; at++) take(`m${at}`);
  const ways = [await next(), await next(), await next(), await next()];
  ways[0]?.answer(fired(1));
  expect((await next()).keys).toHaveLength(MAX_BATCH);
  for (const key of ["long1", "long2"]) take(key, { payload: "x".repeat(MAX_FIRES_CHARACTERS) });
  ways[1]?.answer(fired(1));
  expect((await next()).keys).toEqual(Array.from({ length: 5 }, (_, at) => `m${MAX_BATCH + at}`));
  ways[2]?.answer(fired(1));
  expect((await next()).keys).toEqual(["long1"]);
});

it("what could not be taken is asked again with the same key, before what came later", async () => {
  const { take, next, done, said, counts, asked } = bench();
  take("a");
  for (const key of ["b", "c", "d", "e", "f"]) take(key);
  const ways = [await next(), await next(), await next(), await next()];
  ways[0]?.fail();
  // It may come through yet: what is asked next is asked when nothing else is under way, and said to be later.
  for (const way of ways.slice(1)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect([asked, said]).toEqual([[], ["the platform could not be asked: no answer"]]);
    way.answer(fired(1));
  }
  const second = await next();
  expect(second.keys).toEqual(["a", "e", "f"]);
  expect(said).toEqual(["the platform could not be asked: no answer", "gave up"]);
  expect(done).toEqual(["b", "c", "d"]);
  second.answer({ kind: "done", outcomes: [{ kind: "again", text: "too many" }, { kind: "fired" }, { kind: "idle" }] });
  const third = await next();
  expect([third.keys, done.slice(3)]).toEqual([["a"], ["e", "f"]]);
  third.answer({ kind: "done", outcomes: [{ kind: "rejected", text: "too large" }] });
  await expect.poll(() => done.at(-1)).toBe("a");
  expect([counts.fired, counts.idle, counts.rejected, said.at(-1)]).toEqual([4, 1, 1, "too large"]);
});

it("a thousand are unacknowledged at most: it is full, and what nobody sends again is dropped", async () => {
  const { take, next, intake, counts, said } = bench();
  for (let at = 0; at < MAX_UNACKNOWLEDGED; at++) take(`m${at}`, { fleeting: true });
  expect([intake.full, intake.unacknowledged]).toEqual([true, MAX_UNACKNOWLEDGED]);
  take("more", { fleeting: true });
  expect(counts).toMatchObject({ received: MAX_UNACKNOWLEDGED + 1, dropped: 1 });
  expect(intake.unacknowledged).toBe(MAX_UNACKNOWLEDGED);
  // Room is told when enough of them are gone.
  while (intake.unacknowledged >= READ_UNTIL) {
    expect(said).toEqual([]);
    const question = await next();
    question.answer(fired(question.keys.length));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => said).toEqual(["room"]);
});

it("a lost lease ends it: nothing more is acknowledged, and what is under way is waited for", async () => {
  const { take, next, intake, done, said, asked } = bench();
  take("a");
  take("b");
  (await next()).answer({ kind: "lost", text: "another's" });
  await expect.poll(() => said).toEqual(["lost: another's"]);
  let closed = false;
  const closing = intake.close().then(() => (closed = true));
  take("c");
  await new Promise((resolve) => setImmediate(resolve));
  expect([closed, asked.length]).toEqual([false, 1]);
  (await next()).answer(fired(1));
  await closing;
  expect([done, asked.length]).toEqual([["b"], 0]);
});

it("a released number is told before it is confirmed, again if need be", async () => {
  const { intake, next, said } = bench();
  const confirmed: number[] = [];
  intake.release(7, () => confirmed.push(7));
  const first = await next();
  expect([first.keys, first.released]).toEqual([[], [7]]);
  first.fail();
  const second = await next();
  expect([second.released, confirmed, said.length]).toEqual([[7], [], 2]);
  second.answer(fired(0));
  await expect.poll(() => confirmed).toEqual([7]);
});

it("what the broker sends again is counted", () => {
  const { take, counts } = bench();
  take("a", { again: true });
  expect(counts).toMatchObject({ received: 1, duplicates: 1 });
});
