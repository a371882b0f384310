// Parts of the platform die while actions run. Every accepted id must end in exactly one record, callers get an answer,
// and the platform serves again by itself.

import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { slowness } from "../support/machine-pace.ts";
import { ready, treeOf } from "../support/platform.ts";
import { type Answer, type Bench, onEngines, put, recordOf, runningOf } from "./engines.ts";

const SLEEPER = "function main(a) { return new Promise((done) => setTimeout(() => done({ slept: a.ms }), a.ms)); }";

const LIMITS = JSON.stringify({ concurrency: { max: 200 } });
/** So many have room: 5120 MB, 256 each, 10 per container. */
const RUNNING = 200;

onEngines(
  "faults",
  (bench) => {
    const start = (name: string, body: object, query = "blocking=true") =>
      bench.request(`actions/${name}?${query}`, { method: "POST", body });

    it("keeps exactly one record whenever the caller goes away", async () => {
      await put(bench, "leave", { code: SLEEPER });
      await start("leave", { ms: 1 });
      const since = Date.now();
      for (const ms of [0, 50, 900, 1100]) {
        const gone = new AbortController();
        const call = bench.request("actions/leave?blocking=true", {
          method: "POST",
          body: { ms: 1500 },
          signal: gone.signal,
        });
        setTimeout(() => gone.abort(), ms);
        await expect(call).rejects.toThrow();
      }
      // A caller gone at 0 ms may never have reached us: at least the other three have.
      const records = await settled(bench, "leave", { since, least: 3 });
      for (const record of records) expect(record.response?.status ?? "success").toBe("success");
      expect(records.length).toBeLessThanOrEqual(4);
    });

    it("answers at once when the container is killed during a run", async () => {
      await put(bench, "killed", { code: SLEEPER });
      const call = start("killed", { ms: 20_000 });
      await expect.poll(() => runningOf(bench)).toBeGreaterThanOrEqual(1);
      await sleep(1_500 * slowness());
      const [scheduler = ""] = Object.keys((await bench.request("/invokers")).json);
      killContainers(bench, scheduler.split("/")[0] ?? "");
      const answer = await call;
      expect(answer.status).toBe(502);
      expect(answer.json.response.result.error).toMatch(/exited unexpectedly/);
      expect((await recordOf(bench, answer.json.activationId)).response.status).toBe("action developer error");
    });

    it("ends runs with a whisk internal error when the host is killed -9, and serves again", async () => {
      await put(bench, "hostless", { code: SLEEPER });
      const calls = [1, 2, 3].map(() => start("hostless", { ms: 15_000 }));
      const { json: later } = await start("hostless", { ms: 15_000 }, "");
      await expect.poll(() => runningOf(bench)).toBeGreaterThanOrEqual(4);
      const [host] = bench.platform().pids().host;
      process.kill(host ?? 0, "SIGKILL");
      for (const answer of await Promise.all(calls)) {
        expect(answer.status).toBe(500);
        const id = answer.headers.get("x-openwhisk-activation-id") ?? "";
        const record = await recordOf(bench, id);
        expect(record.response.status).toBe("whisk internal error");
        expect(record.response.result.error).toMatch(/may have started/);
      }
      expect((await recordOf(bench, later.activationId)).response.status).toBe("whisk internal error");
      await serves(bench, "hostless");
    });

    it("fences a host that was stopped past its lease", async () => {
      await put(bench, "frozen", { code: SLEEPER });
      const call = start("frozen", { ms: 3000 });
      await expect.poll(() => runningOf(bench), { interval: 20 }).toBeGreaterThanOrEqual(1);
      const [host] = bench.platform().pids().host;
      process.kill(host ?? 0, "SIGSTOP");
      const answer = await call;
      process.kill(host ?? 0, "SIGCONT");
      expect(answer.status).toBe(500);
      const id = answer.headers.get("x-openwhisk-activation-id") ?? "";
      expect((await recordOf(bench, id)).response.status).toBe("whisk internal error");
      await serves(bench, "frozen");
      await sleep(2000);
      expect((await recordOf(bench, id)).response.status).toBe("whisk internal error");
    });

    it("loses no accepted id when workerd is killed -9 with runs and waiting rows", async () => {
      await put(bench, "crash", { code: SLEEPER, limits: { memory: 256, concurrency: 10 } });
      const accepted: string[] = [];
      const accept = async () => {
        const answer = await start("crash", { ms: 4000 }, "");
        expect(answer.status).toBe(202);
        accepted.push(answer.json.activationId);
      };
      for (let n = 0; n < 70; n++) await Promise.all(Array.from({ length: 10 }, accept));
      const blocking = Array.from({ length: 20 }, () => start("crash", { ms: 2000 }).catch(() => null));
      await expect.poll(() => runningOf(bench), { interval: 50 }).toBeGreaterThanOrEqual(RUNNING);
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      const answers = (await Promise.all(blocking)).filter((each): each is Answer => each !== null);
      for (const answer of answers) {
        const id = answer.headers.get("x-openwhisk-activation-id");
        if (id !== null) accepted.push(id);
      }
      await serves(bench, "crash");
      const seen = new Map<string, string>();
      for (const id of accepted) seen.set(id, (await recordOf(bench, id, 240_000)).response.status);
      const good = [...seen.values()].filter((status) => status === "success").length;
      console.log(
        `workerd killed: ${seen.size} accepted, ${good} succeeded, ${seen.size - good} ended as errors, 0 lost`,
      );
      expect(good).toBeGreaterThan(accepted.length / 2);
      for (const [id, status] of seen) expect((await recordOf(bench, id)).response.status).toBe(status);
    }, 400_000);

    if (bench.engine === "docker") {
      it("removes the containers of a host that was killed -9 within 30 s", async () => {
        await put(bench, "orphans", { code: SLEEPER });
        await serves(bench, "orphans");
        const [scheduler = ""] = Object.keys((await bench.request("/invokers")).json);
        const name = scheduler.split("/")[0] ?? "";
        const before = containersOf(name);
        expect(before.length).toBeGreaterThan(0);
        const [host] = bench.platform().pids().host;
        process.kill(host ?? 0, "SIGKILL");
        const until = Date.now() + 100_000;
        let left = before;
        while (left.length > 0 && Date.now() < until) {
          await sleep(250);
          const there = new Set(containersOf(name));
          left = before.filter((id) => there.has(id));
        }
        expect(left).toEqual([]);
        await serves(bench, "orphans");
      });
    }
  },
  { start: { flags: ["--memory", "5120", "--var", `LIMITS=${LIMITS}`] } },
);

/** Waits until a blocking call succeeds again, at most 100 s. */
async function serves(bench: Bench, name: string): Promise<void> {
  const until = Date.now() + 100_000;
  let last = "";
  while (Date.now() < until) {
    if (await ready(bench.platform().url)) {
      try {
        const answer = await bench.request(`actions/${name}?blocking=true`, { method: "POST", body: { ms: 1 } });
        if (answer.status === 200) return;
        last = `${answer.status} ${answer.text.slice(0, 200)}`;
      } catch (error) {
        last = String(error);
      }
    }
    await sleep(250);
  }
  throw new Error(`not serving again after 60 s: ${last}\n${bench.platform().output().slice(-2000)}`);
}

/** The records of an action since a time, once their number has stopped growing for three seconds. */
async function settled(bench: Bench, name: string, options: { since: number; least: number }) {
  let count = -1;
  let still = 0;
  for (let tries = 0; tries < 60; tries++) {
    const answer = await bench.request(`activations?name=${name}&since=${options.since}&docs=true`);
    if (answer.json.length === count && count >= options.least) still++;
    else still = 0;
    count = answer.json.length;
    if (still === 6) return answer.json;
    await sleep(500);
  }
  throw new Error(`only ${count} records of ${name}`);
}

function containersOf(host: string, more: string[] = []): string[] {
  const filter = `label=io.edgewhisk.host=${host}`;
  const text = execFileSync("docker", ["ps", "-aq", "--filter", filter, ...more], { encoding: "utf8" });
  return text.split("\n").filter((id) => id !== "");
}

function killContainers(bench: Bench, host: string): void {
  if (bench.engine === "docker") {
    // A container taken from the prewarmed ones keeps its name, so that the action's does not find it.
    const ids = containersOf(host, ["--filter", "status=running"]);
    expect(ids).not.toEqual([]);
    execFileSync("docker", ["kill", ...ids]);
    return;
  }
  const [main] = bench.platform().pids().host;
  const children = treeOf(main ?? 0).all.filter((pid) => pid !== main);
  expect(children.length).toBeGreaterThan(0);
  for (const pid of children) process.kill(pid, "SIGKILL");
}
