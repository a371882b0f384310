// Parts of the platform die while sequences and conductors run: each goes on where it was, its steps run once, and it
// ends in exactly one record.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { ready } from "../support/platform.ts";
import { type Bench, type Loose, onEngines, put, recordOf, runningOf } from "./engines.ts";

const STEP = `function main({ ms, n, file }) {
  if (file) require("fs").appendFileSync(file, process.env.__OW_ACTIVATION_ID + "\\n");
  return new Promise((done) => setTimeout(() => done({ ms, file, n: n + 1 }), ms));
}`;
/** Names the step three times, and once a sequence. */
const CONDUCTOR = `function main({ n, ms, file, at = 0 }) {
  if (at === 4) return { params: { n } };
  return { action: at === 2 ? "inside" : "step", params: { n, ms, file }, state: { at: at + 1 } };
}`;

onEngines(
  "compositions and faults",
  (bench) => {
    const invoke = (name: string, body: object, query = "") =>
      bench.request(`actions/${name}${query}`, { method: "POST", body });

    const prepare = async () => {
      await put(bench, "step", { code: STEP, limits: { memory: 128 } });
      await put(bench, "asks", { code: CONDUCTOR, annotations: [{ key: "conductor", value: true }] });
      await sequence(bench, "inside", ["step", "step"]);
      await sequence(bench, "five", ["step", "inside", "step", "step"]);
    };

    it("go on when workerd is killed -9, again and again, and run each step once", async () => {
      await prepare();
      const folder = mkdtempSync(join(tmpdir(), "edgewhisk-steps-"));
      const file = bench.engine === "process" ? join(folder, "steps") : undefined;
      const body = { ms: 700, n: 0, ...(file === undefined ? {} : { file }) };
      const ids: string[] = [];
      for (let n = 0; n < 8; n++) {
        const answer = await invoke(n % 2 === 0 ? "five" : "asks", body);
        expect(answer.status).toBe(202);
        ids.push(answer.json.activationId);
      }
      const waiting = invoke("five", body, "?blocking=true").catch(() => null);
      for (const ms of [500, 1_500, 2_500]) {
        await sleep(ms);
        for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
        await serves(bench);
      }
      const heard = await waiting;
      const told = heard?.headers.get("x-openwhisk-activation-id");
      if (told != null) ids.push(told);
      for (const id of ids) {
        const record = await recordOf(bench, id, 120_000);
        expect(record.response, JSON.stringify(record)).toMatchObject({ status: "success", result: { n: 5 } });
        expect(record.logs.length).toBe(record.name === "five" ? 4 : 9);
        await wellMade(bench, record);
      }
      if (file !== undefined) {
        const started = readFileSync(file, "utf8").trim().split("\n");
        expect(new Set(started).size).toBe(started.length);
        // Each runs five steps; the blocking one may never have got here.
        expect([ids.length * 5, (ids.length + 1) * 5]).toContain(started.length);
      }
      rmSync(folder, { recursive: true, force: true });
    });

    it("end with a whisk internal error when their host is killed -9, with one record, and others run again", async () => {
      await prepare();
      const { json } = await invoke("five", { ms: 4_000, n: 0 });
      await expect.poll(() => runningOf(bench), { interval: 20 }).toBe(1);
      const [host] = bench.platform().pids().host;
      process.kill(host ?? 0, "SIGKILL");
      const record = await recordOf(bench, json.activationId);
      expect(record.response.status).toBe("whisk internal error");
      expect(record.logs.length).toBe(1);
      await wellMade(bench, record);
      await serves(bench);
      const again = await invoke("five", { ms: 1, n: 0 }, "?blocking=true");
      expect(again.json).toMatchObject({ response: { status: "success", result: { n: 5 } } });
    });
  },
  { start: { flags: ["--memory", "4096"] } },
);

async function sequence(bench: Bench, name: string, components: string[]): Promise<void> {
  const exec = { kind: "sequence", components: components.map((each) => `/_/${each}`) };
  const answer = await bench.request(`actions/${name}?overwrite=true`, { method: "PUT", body: { exec } });
  if (answer.status !== 200) throw new Error(`PUT ${name}: ${answer.status} ${answer.text}`);
}

/** Each id in its logs is a record that says whose step it was, none is there twice, and it does not change. */
async function wellMade(bench: Bench, record: Loose): Promise<void> {
  expect(new Set(record.logs).size).toBe(record.logs.length);
  for (const id of record.logs as string[]) {
    const step = await recordOf(bench, id);
    expect(step.cause).toBe(record.activationId);
    expect(step.annotations).toContainEqual({ key: "causedBy", value: "sequence" });
  }
  expect(await recordOf(bench, record.activationId)).toEqual(record);
}

/** Waits until a call succeeds again, at most 100 s. */
async function serves(bench: Bench): Promise<void> {
  const until = Date.now() + 100_000;
  let last = "";
  while (Date.now() < until) {
    if (await ready(bench.platform().url)) {
      try {
        const answer = await bench.request("actions/step?blocking=true", { method: "POST", body: { ms: 1, n: 0 } });
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
