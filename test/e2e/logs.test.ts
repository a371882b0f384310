// Logs as their owner sees them: whole, of each activation its own, live while it runs, kept when the container dies.

import Docker from "dockerode";
import { expect, it } from "vitest";
import { type ServerEvent, serverEvents } from "../../runtime-host/client/server-events.ts";
import { edgewhisk } from "../runtime-host/cli/run.ts";
import { slowness } from "../support/machine-pace.ts";
import { basic, GUEST } from "../support/platform.ts";
import { type Bench, type Loose, onEngines, put, recordOf } from "./engines.ts";

/** Prints a line with its time every `every` ms. */
const TICKER = `async function main({ lines, every, size = 0 }) {
  for (let n = 0; n < lines; n++) {
    console.log("tick", n, Date.now(), "x".repeat(size));
    await new Promise((done) => setTimeout(done, every));
  }
  console.error("last words");
  return { lines };
}`;

const OVERLAPPING = `let at = 0, most = 0;
async function main({ who }) {
  most = Math.max(most, ++at);
  for (let n = 0; n < 5; n++) {
    console.log(who, "says", n);
    await new Promise((done) => setTimeout(done, 20));
    console.error(who, "adds", n);
  }
  at--;
  return { who, most, id: process.env.__OW_ACTIVATION_ID };
}`;

const text = (line: string) => line.slice(31);

async function start(bench: Bench, action: string, args: object): Promise<string> {
  const answer = await bench.request(`actions/${action}`, { method: "POST", body: args });
  expect(answer.status).toBe(202);
  return answer.json.activationId as string;
}

interface Heard {
  at: number;
  event: ServerEvent;
}

async function follow(bench: Bench, id: string, headers: Record<string, string> = {}): Promise<Heard[]> {
  const url = `${bench.platform().url}/api/v1/namespaces/_/activations/${id}/logs?follow=true`;
  const answer = await fetch(url, {
    headers: { authorization: basic(GUEST), accept: "text/event-stream", ...headers },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  const heard: Heard[] = [];
  for await (const event of serverEvents(answer.body as ReadableStream<Uint8Array>))
    heard.push({ at: Date.now(), event });
  return heard;
}

const linesOf = (heard: Heard[]) =>
  heard.filter(({ event }) => event.type === "message").map(({ event }) => JSON.parse(event.data) as string);

onEngines("logs", (bench) => {
  it("of 60 activations that overlap in one nodejs container are exactly their own", async () => {
    await put(bench, "overlapping", { code: OVERLAPPING, limits: { concurrency: 60, memory: 256 } });
    await bench.request("actions/overlapping?blocking=true", { method: "POST", body: { who: "first" } });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        bench.request("actions/overlapping?blocking=true", { method: "POST", body: { who: `n${n}` } }),
      ),
    );
    let most = 0;
    for (const [n, { status, json }] of answers.entries()) {
      expect(status).toBe(200);
      const { result } = json.response as { result: { who: string; most: number; id: string } };
      expect(result).toMatchObject({ who: `n${n}`, id: json.activationId });
      most = Math.max(most, result.most);
      const record = await recordOf(bench, json.activationId);
      const of = (stream: string) => record.logs.map(text).filter((line: string) => line.startsWith(stream));
      expect(of("stdout")).toEqual(Array.from({ length: 5 }, (_, at) => `stdout: n${n} says ${at}`));
      expect(of("stderr")).toEqual(Array.from({ length: 5 }, (_, at) => `stderr: n${n} adds ${at}`));
    }
    expect(most).toBeGreaterThan(10);
  });

  it("let an action have up to 200 activations in a container here, and no more", async () => {
    await put(bench, "wide", { code: OVERLAPPING, limits: { concurrency: 200 } });
    await expect(put(bench, "wide", { code: OVERLAPPING, limits: { concurrency: 201 } })).rejects.toThrow(
      "concurrency 201 exceeds allowed threshold of 200",
    );
  });

  it("can be followed: each line is there within a second of its writing, once, and the stream ends with the run", async () => {
    await put(bench, "ticker", { code: TICKER });
    const before = slowness();
    const id = await start(bench, "ticker", { lines: 12, every: 150 });
    const heard = await follow(bench, id);
    const most = 1_000 * Math.max(before, slowness());
    const lines = linesOf(heard);
    for (const { at, event } of heard) {
      const written = /tick \d+ (\d+)/.exec(event.data)?.[1];
      if (written !== undefined) expect(at - Number(written)).toBeLessThan(most);
    }
    expect(heard.at(-1)?.event.type).toBe("end");
    expect(JSON.parse(heard.at(-1)?.event.data ?? "")).toEqual({ activationId: id, statusCode: 0 });
    expect(lines.length).toBe(13);
    const record: Loose = await recordOf(bench, id);
    expect(lines).toEqual(record.logs);
    expect(heard.flatMap(({ event }) => (event.id === "" ? [] : [Number(event.id)]))).toEqual(
      lines.map((_, at) => at + 1),
    );
    // Over, it is read from its record; who has seen some lines gets the others.
    expect(linesOf(await follow(bench, id))).toEqual(record.logs);
    expect(linesOf(await follow(bench, id, { "last-event-id": "10" }))).toEqual(record.logs.slice(10));
  });

  it("can be followed by several, from the middle, while others in the same container print", async () => {
    await put(bench, "tickers", { code: TICKER, limits: { concurrency: 4 } });
    const ids = [
      await start(bench, "tickers", { lines: 10, every: 100 }),
      await start(bench, "tickers", { lines: 10, every: 100 }),
    ];
    await new Promise((done) => setTimeout(done, 300));
    const followed = await Promise.all([...ids, ...ids].map((id) => follow(bench, id)));
    for (const [n, heard] of followed.entries()) {
      const record: Loose = await recordOf(bench, ids[n % 2] ?? "");
      expect(record.logs.length).toBe(11);
      expect(linesOf(heard)).toEqual(record.logs);
    }
  });

  it("can be followed when there are many, long ones", async () => {
    await put(bench, "flood", { code: TICKER, limits: { logs: 10 } });
    const id = await start(bench, "flood", { lines: 300, every: 1, size: 5_000 });
    const lines = linesOf(await follow(bench, id));
    const record: Loose = await recordOf(bench, id);
    expect(record.logs.length).toBe(301);
    expect(lines).toEqual(record.logs);
  });

  it("are followed by the edgewhisk command", async () => {
    await put(bench, "ticker", { code: TICKER });
    const id = await start(bench, "ticker", { lines: 5, every: 100 });
    const target = ["--url", bench.platform().url, "--auth", GUEST];
    const followed = await edgewhisk(["logs", id, "--follow", ...target]);
    expect([followed.code, followed.err]).toEqual([0, ""]);
    const lines = followed.out.trim().split("\n");
    expect(lines.map(text).map((line) => line.replace(/ \d+ $/, ""))).toEqual([
      ...Array.from({ length: 5 }, (_, n) => `stdout: tick ${n}`),
      "stderr: last words",
    ]);
    expect(await edgewhisk(["logs", id, ...target])).toEqual({ code: 0, out: followed.out, err: "" });
    expect((await edgewhisk(["logs", "0".repeat(32), "--follow", ...target])).code).toBe(3);
  });

  it("of a sequence are followed until its record is there", async () => {
    await put(bench, "ticker", { code: TICKER });
    const exec = { kind: "sequence", components: ["/_/ticker", "/_/ticker"] };
    expect(
      (await bench.request("actions/tickers-in-turn?overwrite=true", { method: "PUT", body: { exec } })).status,
    ).toBe(200);
    const id = await start(bench, "tickers-in-turn", { lines: 15, every: 100 });
    await new Promise((done) => setTimeout(done, 2_200));
    const heard = await follow(bench, id);
    const record: Loose = await recordOf(bench, id);
    expect(linesOf(heard)).toEqual(record.logs);
    expect(record.logs.length).toBe(2);
    expect(heard.at(-1)?.event.type).toBe("end");
  });

  it("of nobody, or of somebody else, cannot be followed", async () => {
    const id = await start(bench, "ticker", { lines: 30, every: 100 });
    expect((await bench.request(`activations/${"0".repeat(32)}/logs?follow=true`)).status).toBe(404);
    expect((await bench.request(`activations/${id}/logs?follow=maybe`)).status).toBe(400);
    const foreign = `/api/v1/namespaces/whisk.system/activations/${id}/logs?follow=true`;
    expect((await bench.request(foreign)).status).toBe(403);
  });

  it("are kept when the container is killed in the middle, on the spot", async () => {
    const code = `function main() { console.log("pid", process.pid, "host", require("node:os").hostname()); process.stderr.write("half a line");
      return new Promise(() => {}); }`;
    await put(bench, "killed", { code });
    const id = await start(bench, "killed", {});
    const url = `${bench.platform().url}/api/v1/namespaces/_/activations/${id}/logs?follow=true`;
    const answer = await fetch(url, { headers: { authorization: basic(GUEST) } });
    for await (const event of serverEvents(answer.body as ReadableStream<Uint8Array>)) {
      const [, pid, host] = /pid (\d+) host (\S+?)"/.exec(event.data) ?? [];
      if (bench.engine === "process") process.kill(Number(pid), "SIGKILL");
      else await new Docker().getContainer(host ?? "").kill({ signal: "SIGKILL" });
      break;
    }
    const record: Loose = await recordOf(bench, id);
    expect(record.response.result.error).toContain("exited unexpectedly");
    expect(record.logs.map(text)).toEqual([
      expect.stringMatching(/^stdout: pid/),
      "stderr: half a line",
      expect.stringContaining("The action did not initialize or run as expected."),
    ]);
  });

  it("are cut at the action's limit, say so, and say in an annotation how much is missing", async () => {
    const code = `function main() { for (let n = 0; n < 3000; n++) console.log(String(n).padEnd(1023, "·".repeat(3))); return {}; }`;
    await put(bench, "talkative", { code, limits: { logs: 1 } });
    const id = await start(bench, "talkative", {});
    const record: Loose = await recordOf(bench, id);
    const last = record.logs.at(-1) as string;
    expect(text(last)).toBe(
      "stderr: Logs were truncated because the total bytes size exceeds the limit of 1048576 bytes.",
    );
    const bytes = record.logs
      .slice(0, -1)
      .reduce((sum: number, line: string) => sum + Buffer.byteLength(line) - 39 + 1, 0);
    expect(bytes).toBeLessThanOrEqual(1_048_576);
    expect(bytes).toBeGreaterThan(1_048_576 - 4_096);
    const cut = record.annotations.find((each: Loose) => each.key === "logsCut").value as number;
    const all = Buffer.byteLength(Array.from({ length: 3000 }, (_, n) => String(n).padEnd(1023, "·")).join("\n")) + 1;
    expect(bytes + cut).toBe(all);
    expect((await bench.request(`activations/${id}/logs`)).json.logs).toEqual(record.logs);
  });
});
