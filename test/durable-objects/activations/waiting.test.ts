// Rows that wait: who is given which, what each says it waits for, and what becomes of those nobody takes.

import { expect, test } from "vitest";
import type { Invocation } from "../../../src/protocol/invocation.ts";
import { callOf, completed } from "../calls.ts";
import { entryOf, World } from "./store-world.ts";

const python = (options: Parameters<typeof callOf>[0] = {}) =>
  callOf({ exec: { kind: "python:3.12", binary: false }, ...options });
const NODE_HOST = { memory: 1024, runtimes: [{ kind: "nodejs:20" }], blackbox: false };
const pulling = { epoch: 1, boot: "boot-1", memory: 1024, max: 10 };

test("a host is given what it can run, however much else waits before it", async () => {
  const world = new World();
  const node = callOf();
  const labelled = callOf({ labels: ["gpu"] });
  await world.accept(
    Array.from({ length: 200 }, () => python()),
    [],
  );
  await world.accept([labelled, node], []);
  const ids = (host: typeof NODE_HOST & { labels?: string[] }) =>
    world.core.pull("a/0", { ...pulling, host }).map((offer) => offer.invocation.id);
  expect(ids(NODE_HOST)).toEqual([node.id]);
  expect(ids(NODE_HOST)).toEqual([]);
  expect(ids({ ...NODE_HOST, labels: ["eu", "gpu"] })).toEqual([labelled.id]);
  // With nothing left for it, the next call for it is offered at once.
  const next = callOf();
  world.core.pull("a/0", { ...pulling, host: NODE_HOST });
  await world.accept([next]);
  await world.advance(10);
  expect(world.scheduler("a/0").offers.map((offer) => offer.invocation.id)).toEqual([next.id]);
});

test("each call says what it waits for, and is never offered to a host that cannot run it", async () => {
  const world = new World();
  world.entries = [entryOf("a/0")];
  const [snake, gpu, big] = [
    python(),
    callOf({ labels: ["gpu"] }),
    callOf({ about: { limits: { timeout: 1, memory: 2048, logs: 1, concurrency: 1 } } }),
  ];
  await world.accept([snake], []);
  await world.accept([gpu], []);
  await world.accept([big], []);
  await world.advance(60_000);
  expect(world.scheduler("a/0").offers).toEqual([]);
  const why = (id: string) => world.core.get(id).waiting?.reason;
  expect(why(snake.id)).toBe("no connected host can run python:3.12");
  expect(why(gpu.id)).toBe("no connected host that can run nodejs:20 has the label gpu");
  expect(why(big.id)).toBe("it needs 2048 MB, and no connected host that can run it has more than 1024 MB");
  const waited = world.core.await(snake.id, { ms: 1 });
  await world.clock.advance(1);
  expect((await waited).waiting).toEqual({ since: expect.any(Number), reason: why(snake.id) });
  expect(world.core.backlog().lines).toMatchObject([
    { kind: "nodejs:20", memory: 2048 },
    { kind: "nodejs:20", memory: 256, labels: ["gpu"] },
    { kind: "python:3.12", oldestWaitMs: 60_001 },
  ]);
  const attempts = world.database.sql.exec<{ most: number }>("SELECT max(attempt) AS most FROM rows").one();
  expect(attempts).toEqual({ most: 1 });
  world.entries = [entryOf("a/0"), { ...entryOf("b/0"), runtimes: [{ kind: "python:3.12", image: "", digest: "" }] }];
  await world.advance(31_000);
  expect(world.scheduler("b/0").offers.map((offer) => offer.invocation.id)).toEqual([snake.id]);
});

test("what has waited as long as it may ends with an error that says what was missing", async () => {
  const world = new World();
  world.entries = [entryOf("a/0")];
  const [short, long] = [python({ maxQueue: 30_000, about: { permitMs: 1 } }), python()];
  await world.accept([short], []);
  await world.accept([long], []);
  await world.advance(45_000);
  expect(world.core.get(short.id).record).toMatchObject({
    statusCode: 3,
    result: { inline: expect.stringMatching(/waited 3\d s for a host, and no connected host can run python:3\.12/) },
    meta: { waitReason: "no connected host can run python:3.12", permitMs: 1 },
  });
  expect(world.left).toEqual([short.id]);
  await world.advance(3_500_000);
  expect(world.core.get(long.id)).toMatchObject({ record: null, known: true });
  await world.advance(60_000);
  expect(world.core.get(long.id).record).toMatchObject({ statusCode: 3 });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 0, lines: [] });
});

test("what grew old while the platform was down gets a minute for hosts to come back", async () => {
  const world = new World();
  const call = callOf();
  await world.accept([call], []);
  world.clock.at += 10 * 3_600_000;
  world.alarmAt = world.clock.at;
  world.incarnate();
  await world.advance(50_000);
  expect(world.core.get(call.id)).toMatchObject({ record: null, known: true });
  await world.advance(50_000);
  expect(world.core.get(call.id).record).toMatchObject({ statusCode: 3 });
});

test("a scheduler that never answers holds up neither the alarm nor the rows of others", async () => {
  const world = new World();
  const [one, other] = [callOf(), callOf()];
  await world.accept([one], ["a/0"]);
  await world.accept([other], ["b/0"]);
  const silent = world.scheduler("a/0");
  const holds = silent.holds.bind(silent);
  silent.holds = () => new Promise(() => {});
  world.scheduler("b/0").held.clear();
  world.entries = [entryOf("b/0")];
  await world.clock.advance(5_500);
  const round = world.core.alarm();
  await world.clock.advance(5_500);
  await round;
  silent.holds = holds;
  await world.advance(10_000);
  expect(world.scheduler("b/0").offers.map((offer) => [offer.invocation.id, offer.attempt])).toEqual([
    [other.id, 1],
    [other.id, 2],
  ]);
});

test("an offer that is never answered is asked about, and the lane to its scheduler is free again", async () => {
  const world = new World();
  const home = world.scheduler("a/0");
  const offer = home.offer.bind(home);
  await world.accept([callOf()]);
  home.offer = () => new Promise(() => {});
  const call = callOf();
  await world.accept([call]);
  await world.advance(20_000);
  expect(home.asked.flat()).toContain(call.id);
  home.offer = offer;
  world.entries = [entryOf("a/0")];
  await world.advance(20_000);
  expect(home.offers.at(-1)).toMatchObject({ attempt: 2, invocation: { id: call.id } });
});

test("rows are offered to a new incarnation of their scheduler under its own epoch", async () => {
  const world = new World();
  const home = world.scheduler("a/0");
  await world.accept([callOf()]);
  home.epoch = 2;
  const call = callOf();
  await world.accept([call]);
  await world.advance(20);
  expect(home.marks).toEqual([1, 1, 2]);
  expect(home.offers.at(-1)?.invocation.id).toBe(call.id);
  const row = world.database.sql.exec("SELECT epoch, attempt FROM rows WHERE id = ?", call.id).one();
  expect(row).toEqual({ epoch: 2, attempt: 1 });
});

test("a scheduler of which nothing comes is asked ever more rarely", async () => {
  const world = new World();
  const home = world.scheduler("a/0");
  world.entries = [entryOf("a/0")];
  let asked = 0;
  home.offer = async () => {
    asked++;
    return { epoch: 1, boot: "boot-1", accepted: [], room: 0, reason: "not-ready" };
  };
  for (let at = 0; at < 600; at++) {
    await world.accept([callOf()]);
    await world.advance(100);
  }
  expect(asked).toBeLessThan(25);
});

function opened(world: World, call: Invocation): void {
  const { id, about } = call;
  world.core.open({ id, about, scheduler: "a/0", deadline: world.clock.at + 240_000 });
}

test("a run that its scheduler refused after its row was opened waits like any other, and goes to another host", async () => {
  const world = new World();
  world.entries = [entryOf("a/0"), entryOf("b/0")];
  world.scheduler("a/0").room = 0;
  const call = callOf({ blocking: true, args: { blob: "args/ns/1", size: 9 } });
  opened(world, call);
  await world.advance(500);
  const place = { candidates: ["a/0", "b/0"], refusedBy: "a/0" };
  expect(world.core.accept([call], place)).toEqual({ kind: "accepted" });
  expect(world.core.backlog()).toMatchObject({ waiting: 1, running: 0 });
  expect(world.core.get(call.id)).toMatchObject({ known: true, waiting: { reason: "the host declined" } });
  await world.advance(2_000);
  // Under a new attempt: the first one may have been denied for good.
  expect(world.scheduler("b/0").offers).toEqual([{ invocation: call, attempt: 2 }]);
  // The Worker asks again where the answer was lost.
  expect(world.core.accept([call], place)).toEqual({ kind: "accepted" });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 1 });
  world.core.complete(
    [{ id: call.id, attempt: 2, lease: { epoch: 1, counter: 1 }, about: call.about, completion: completed() }],
    { scheduler: "b/0", epoch: 1 },
  );
  expect(world.core.get(call.id).record).toMatchObject({ statusCode: 0 });
  expect(world.forgotten).toEqual(["args/ns/1"]);
});

test("what the first attempt's scheduler says of it after it was refused touches the row no more", async () => {
  const world = new World();
  const call = callOf({ blocking: true });
  opened(world, call);
  world.core.accept([call], { candidates: [], refusedBy: "a/0" });
  world.finish(call);
  expect(world.core.get(call.id)).toMatchObject({ record: null, known: true });
  await world.advance(60_000);
  expect(world.core.get(call.id)).toMatchObject({ record: null, waiting: { reason: expect.any(String) } });
});

test("a refusal opens nothing again that has ended, and is a call like any other where no row was opened", async () => {
  const world = new World();
  const [ended, unknown, elsewhere] = [callOf(), callOf(), callOf()];
  opened(world, ended);
  world.finish(ended);
  world.core.accept([ended], { candidates: [], refusedBy: "a/0" });
  expect(world.core.get(ended.id).record).toMatchObject({ statusCode: 0 });
  expect(world.core.backlog()).toMatchObject({ waiting: 0, running: 0 });
  world.core.accept([unknown], { candidates: [], refusedBy: "a/0" });
  expect(world.core.backlog()).toMatchObject({ waiting: 1, running: 0 });
  // Its row was opened for a run somewhere else, which may go on.
  opened(world, elsewhere);
  world.core.accept([elsewhere], { candidates: [], refusedBy: "b/0" });
  expect(world.core.backlog()).toMatchObject({ waiting: 1, running: 1 });
});
