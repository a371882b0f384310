import * as fs from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Job } from "../../../runtime-host/container/contract.ts";
import { failure } from "../../../src/entities/outcome.ts";
import { answerOf, type FakeContainers, idOf, runOf } from "../support.ts";
import { dir, type FakeLink, setUp, turn, welcomed, withControllers } from "./controller-world.ts";

withControllers();

test("a welcome is answered with the inventory, and each later one again", () => {
  const { controller, link } = setUp();
  controller.received(0, [{ t: "welcome", epoch: 4, name: "test/0" }]);
  expect(link.take()).toEqual([{ t: "inventory", epoch: 4, boot: "boot-1", running: [], more: false }]);
  controller.received(0, [runOf(1, { epoch: 4 })]);
  controller.received(0, [{ t: "welcome", epoch: 5, name: "test/0" }]);
  expect(link.take()).toMatchObject([
    { t: "inventory", epoch: 5, running: [{ id: idOf(1), attempt: 1, memory: 256 }] },
  ]);
  controller.received(0, [{ t: "welcome", epoch: 3, name: "test/0" }]);
  expect(link.take()).toEqual([]);
  expect(controller.epochOf(0)).toBe(5);
});

test("the containers get the arguments byte for byte, the environment of the call and the invoking namespace", () => {
  const { controller, containers } = welcomed();
  const about = { ...runOf(1).invocation.about, path: "whisk.system/utils/echo", name: "echo", namespace: "caller" };
  const args = { inline: '{"big":12345678901234567890,"one":1.0}' };
  controller.received(0, [runOf(1, { key: "uuid:secret", invocation: { about, args, initEnv: { KEY: "value" } } })]);
  expect(containers.jobs[0]).toMatchObject({
    id: idOf(1),
    path: "whisk.system/utils/echo",
    args: args.inline,
    initEnv: { KEY: "value" },
    context: {
      namespace: "caller",
      action_name: "/whisk.system/utils/echo",
      action_version: "0.0.1",
      activation_id: idOf(1),
      transaction_id: "transaction",
      api_key: "uuid:secret",
    },
  });
  controller.received(0, [runOf(2)]);
  expect(containers.jobs[1]?.context).not.toHaveProperty("api_key");
});

test("logs that are whole in the turn of the answer make one record and no result", async () => {
  const { controller, containers, link, outbox } = welcomed();
  containers.onRun = (job, listener) => {
    listener.answered(job, answerOf({ duration: 12.4, initTime: 10.2 }));
    listener.collected(job, { lines: '["line"]', cut: 3 });
  };
  controller.received(0, [runOf(1)]);
  await turn();
  expect(link.take()).toMatchObject([
    {
      t: "record",
      id: idOf(1),
      attempt: 1,
      lease: { epoch: 1, counter: 1 },
      about: { name: "hello" },
      completion: {
        statusCode: 0,
        result: { inline: '{"ok":true}' },
        size: 11,
        duration: 12,
        initTime: 10,
        timedOut: false,
        engine: "process",
        host: "test",
        ran: true,
        logs: { inline: '["line"]' },
        logsCut: 3,
      },
    },
  ]);
  expect(outbox.count).toBe(1);
  expect(controller.running).toBe(0);
});

test("where many run, records nobody waits for are reported together, and a caller's takes them along at once", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { controller, containers, link } = welcomed({ memory: 8192 });
  const ran = (number: number, blocking: boolean) => {
    controller.received(0, [runOf(number, { invocation: { blocking } })]);
    return containers.jobs.at(-1) as Job;
  };
  const jobs = Array.from({ length: 10 }, (_, number) => ran(number + 1, false));
  const caller = ran(11, true);
  const end = (job: Job) => {
    controller.answered(job, answerOf());
    controller.collected(job, { lines: "[]" });
  };
  for (const job of jobs.slice(0, 2)) end(job);
  await turn();
  expect(link.take()).toEqual([]);
  end(caller);
  await turn();
  expect(link.take()).toHaveLength(3);
  for (const job of jobs.slice(2)) end(job);
  await turn();
  expect(link.take()).toEqual([]);
  vi.advanceTimersByTime(10);
  await turn();
  expect(link.take()).toHaveLength(8);
});

test("an answer whose logs are late makes a result at once and a record when they are whole", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const { controller, containers, link, outbox } = welcomed();
  controller.received(0, [runOf(1)]);
  const [job] = containers.jobs;
  if (job === undefined) throw new Error("no job");
  controller.answered(job, answerOf({ endedAt: performance.now() - 30 }));
  await turn();
  const [result] = link.take();
  expect(result).toMatchObject({ t: "result", id: idOf(1), lease: { epoch: 1, counter: 1 } });
  expect(result?.t === "result" ? result.completion.endedAgo : 0).toBe(30);
  expect(result?.t === "result" && result.completion.logs).toBe(undefined);
  expect(outbox.count, "kept without logs before the result is told").toBe(1);
  controller.collected(job, { lines: "[]" });
  await turn();
  expect(outbox.count, "the whole record takes its place").toBe(1);
  expect(link.take()).toMatchObject([{ t: "record", completion: { logs: { inline: "[]" } } }]);
});

test("a record is on disk before it is sent, and is sent again after each welcome until it is stored", async () => {
  const { controller, containers, link, outbox } = welcomed();
  containers.onRun = (job, listener) => {
    listener.answered(job, answerOf());
    listener.collected(job, { lines: "[]" });
  };
  let onDisk = "";
  const send = link.sendEncoded.bind(link);
  link.sendEncoded = (message) => {
    onDisk = fs
      .readdirSync(dir)
      .map((file) => fs.readFileSync(join(dir, file), "utf8"))
      .join("");
    send(message);
  };
  controller.received(0, [runOf(1)]);
  await turn();
  expect(onDisk).toContain(`${idOf(1)}/1`);
  link.take();
  controller.lost(0);
  controller.received(0, [{ t: "welcome", epoch: 2, name: "test/0" }]);
  expect(link.take()).toMatchObject([{ t: "inventory" }, { t: "record", id: idOf(1) }]);
  controller.received(0, [{ t: "stored", epoch: 2, items: [{ id: idOf(1), attempt: 1 }] }]);
  expect(outbox.count).toBe(0);
  expect(controller.unconfirmed).toBe(0);
  controller.received(0, [{ t: "welcome", epoch: 2, name: "test/0" }]);
  expect(link.take()).toMatchObject([{ t: "inventory" }]);
});

test("records of an earlier boot are sent after the welcome, aged by the time that has passed", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const before = welcomed();
  before.containers.onRun = (job, listener) => {
    listener.answered(job, answerOf());
    listener.collected(job, { lines: "[]" });
  };
  before.controller.received(0, [runOf(1)]);
  await turn();
  before.outbox.close();
  vi.advanceTimersByTime(3_600_000);
  const after = setUp();
  expect(after.kept).toHaveLength(1);
  after.controller.received(0, [{ t: "welcome", epoch: 9, name: "test/0" }]);
  const [, record] = after.link.take();
  expect(record).toMatchObject({ t: "record", id: idOf(1), lease: { epoch: 1, counter: 1 } });
  expect(record?.t === "record" ? record.completion.endedAgo : 0).toBe(3_600_000);
});

test("a kept record whose bits were flipped is not sent: its run is named no more, so that it ends as a lost one", async () => {
  const before = welcomed();
  before.containers.onRun = (job, listener) => {
    listener.answered(job, answerOf());
    listener.collected(job, { lines: "[]" });
  };
  before.controller.received(0, [runOf(1), runOf(2)]);
  await turn();
  before.outbox.close();
  const after = setUp();
  const [file] = fs.readdirSync(dir).filter((name) => name.endsWith(".log"));
  const path = join(dir, file as string);
  const text = fs.readFileSync(path, "latin1");
  const at = text.indexOf('"duration":', text.indexOf(`r ${idOf(1)}`));
  fs.writeFileSync(path, `${text.slice(0, at)}"Duration":${text.slice(at + 11)}`, "latin1");
  const welcome = { t: "welcome", epoch: 9, name: "test/0" } as const;
  after.controller.received(0, [welcome]);
  const told = after.link.take().filter((message) => message.t === "record");
  expect(told.map((message) => message.id)).toEqual([idOf(2)]);
  expect(after.link.redials).toEqual(["a kept record is damaged"]);
  after.controller.received(0, [welcome]);
  expect(after.link.take()).toContainEqual(
    expect.objectContaining({ t: "inventory", kept: [{ id: idOf(2), attempt: 1 }] }),
  );
});

test("before the welcome nothing is reported, after it everything is", async () => {
  const { controller, containers, link } = welcomed();
  controller.received(0, [runOf(1), runOf(2)]);
  controller.lost(0);
  const [first, second] = containers.jobs as [FakeContainers["jobs"][0], FakeContainers["jobs"][0]];
  controller.answered(first, answerOf());
  controller.answered(second, answerOf());
  controller.collected(second, { lines: "[]" });
  await turn();
  expect(link.take()).toEqual([]);
  controller.received(0, [{ t: "welcome", epoch: 2, name: "test/0" }]);
  expect(link.take()).toMatchObject([
    { t: "inventory", running: [{ id: idOf(1), memory: 0 }] },
    { t: "record", id: idOf(2) },
    { t: "result", id: idOf(1) },
  ]);
});

test("stale, duplicate and draining runs are refused with their lease; a finished one gets its record again", async () => {
  const { controller, containers, link } = welcomed();
  controller.received(0, [
    runOf(1),
    runOf(1, { lease: { epoch: 1, counter: 2 } }),
    runOf(2, { epoch: 0, lease: { epoch: 0, counter: 3 } }),
  ]);
  expect(link.take()).toEqual([
    { t: "refused", id: idOf(1), attempt: 1, lease: { epoch: 1, counter: 2 }, reason: "duplicate" },
    { t: "refused", id: idOf(2), attempt: 1, lease: { epoch: 0, counter: 3 }, reason: "stale" },
  ]);
  const [job] = containers.jobs;
  if (job === undefined) throw new Error("no job");
  controller.answered(job, answerOf());
  controller.collected(job, { lines: "[]" });
  await turn();
  link.take();
  controller.received(0, [runOf(1, { lease: { epoch: 1, counter: 9 } })]);
  expect(link.take()).toMatchObject([{ t: "record", id: idOf(1), lease: { epoch: 1, counter: 1 } }]);
  controller.drain();
  expect(link.take()).toEqual([{ t: "health", memory: 1024, unhealthy: "draining" }]);
  controller.received(0, [runOf(3)]);
  expect(link.take()).toMatchObject([{ t: "refused", reason: "draining" }]);
  expect(containers.jobs).toHaveLength(1);
});

test("what the containers refuse is refused, its memory is free and it may come again", () => {
  const { controller, containers, link } = welcomed();
  containers.onRun = (job, listener) => listener.refused(job, "unsupported");
  for (let counter = 1; counter <= 10; counter++) controller.received(0, [runOf(1, { lease: { epoch: 1, counter } })]);
  expect(link.take().map((each) => each.t === "refused" && [each.lease.counter, each.reason])).toEqual(
    Array.from({ length: 10 }, (_, index) => [index + 1, "unsupported"]),
  );
  expect(controller.running).toBe(0);
});

test("a full outbox makes the host unhealthy and refuse runs, until the store has taken records", async () => {
  const { controller, containers, link } = welcomed({ records: 2 });
  containers.onRun = (job, listener) => {
    listener.answered(job, answerOf());
    listener.collected(job, { lines: "[]" });
  };
  controller.received(0, [runOf(1), runOf(2)]);
  await turn();
  expect(
    link
      .take()
      .map((each) => each.t)
      .sort(),
  ).toEqual(["health", "record", "record"]);
  controller.received(0, [runOf(3)]);
  expect(link.take()).toMatchObject([{ t: "refused", reason: "busy" }]);
  controller.received(0, [{ t: "stored", epoch: 1, items: [{ id: idOf(1), attempt: 1 }] }]);
  expect(link.take()).toEqual([{ t: "health", memory: 1024 }]);
});

test("developer errors get their last log line, unless the action keeps no logs or nothing ran", async () => {
  const { controller, containers, link } = welcomed();
  const error = failure(2, { text: "broken" });
  containers.onRun = (job, listener) => {
    listener.answered(job, answerOf({ outcome: error, ran: job.id !== idOf(4) }));
    listener.collected(job, { lines: job.id === idOf(1) ? '["first"]' : "[]" });
  };
  const limits = { timeout: 1000, memory: 128, logs: 0, concurrency: 1 };
  const about = { ...runOf(3).invocation.about, limits };
  controller.received(0, [runOf(1), runOf(2), runOf(3, { invocation: { about } })]);
  await turn();
  const logs = link.take().map((each) => {
    const payload = each.t === "record" ? each.completion.logs : undefined;
    return payload !== undefined && "inline" in payload ? (JSON.parse(payload.inline) as string[]) : [];
  });
  const line =
    /^\d{4}-\d\d-\d\dT[\d:.]+Z {6} stderr: The action did not initialize or run as expected\. Log data might be missing\.$/;
  expect(logs[0]?.[0]).toBe("first");
  expect(logs[0]?.[1]).toMatch(line);
  expect(logs[1]).toHaveLength(1);
  expect(logs[1]?.[0]).toMatch(line);
  expect(logs[2]).toEqual([]);
});

test("containers that throw end their run with an internal error and nobody else's", async () => {
  const { controller, containers, link } = welcomed();
  containers.onRun = (job) => {
    if (job.id === idOf(1)) throw new Error("bug");
  };
  controller.received(0, [runOf(1), runOf(2)]);
  await turn();
  expect(link.take()).toMatchObject([{ t: "record", id: idOf(1), completion: { statusCode: 3 } }]);
  expect(containers.jobs).toHaveLength(2);
});

test("each shard has its own epoch and memory, and reports go to the shard that asked", async () => {
  const { controller, containers, links } = welcomed({ shards: 2 });
  const [first, second] = links as [FakeLink, FakeLink];
  controller.received(1, [{ t: "welcome", epoch: 8, name: "test/1" }]);
  first.take();
  second.take();
  for (let number = 1; number <= 4; number++) controller.received(0, [runOf(number)]);
  controller.received(0, [runOf(5)]);
  expect(first.take()).toMatchObject([{ t: "refused", reason: "busy" }]);
  controller.received(1, [runOf(6, { epoch: 8 })]);
  const job = containers.jobs.at(-1);
  if (job === undefined) throw new Error("no job");
  controller.answered(job, answerOf());
  await turn();
  expect(first.sent).toEqual([]);
  expect(second.take()).toMatchObject([{ t: "result", id: idOf(6) }]);
});

test("redial is obeyed if it comes from the newest incarnation", () => {
  const { controller, link } = welcomed();
  controller.received(0, [{ t: "redial", epoch: 0 }]);
  expect(link.redials).toEqual([]);
  controller.received(0, [{ t: "redial", epoch: 1 }]);
  expect(link.redials).toHaveLength(1);
});
