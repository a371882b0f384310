// Several activations at once in one nodejs container, on each engine: one container,
// and each record with its own output.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../../runtime-host/container/contract.ts";
import { dockerLacks } from "../../support/docker-lacks.ts";
import { type Bench, errorOf, jobOf, openBench, type Ran } from "./actions.ts";

const missing = await dockerLacks("overlapping runs on the Docker engine");

overlaps("process");
if (missing === null) overlaps("docker");
else {
  describe.skip(`overlapping runs on the docker engine (${missing})`, () =>
    it("are tested where there is one", () => {}));
}

const MANY = 50;

/** Prints in many ways, with pauses between, whatever `who` says. */
const TALKER = `
  const fs = require("node:fs");
  const me = Math.random();
  let at = 0, most = 0;
  const nap = (ms) => new Promise((done) => setTimeout(done, ms));
  async function deep(n, say) { await null; return n === 0 ? say() : deep(n - 1, say); }
  async function main({ who, lines }) {
    most = Math.max(most, ++at);
    const id = process.env.__OW_ACTIVATION_ID;
    for (let n = 0; n < lines; n++) {
      process.stdout.write(who + " ");
      await nap(Math.random() * 4);
      await deep(3, () => console.log("says", n, "é".repeat(n * 50)));
      setTimeout(() => console.error(who, "err", n), 0);
      fs.writeSync(1, who + " sync " + n + "\\n");
      await new Promise((done) => fs.write(1, Buffer.from("--" + who + " later " + n + "\\n"), 2, () => done()));
      await nap(1);
    }
    await nap(5);
    at--;
    return { who, most, same: id === process.env.__OW_ACTIVATION_ID, id, me };
  }`;

function said(who: string, lines: number): string[] {
  return Array.from({ length: lines }, (_, n) => [
    `stdout: ${who} says ${n} ${"é".repeat(n * 50)}`,
    `stdout: ${who} sync ${n}`,
    `stdout: ${who} later ${n}`,
    `stderr: ${who} err ${n}`,
  ]).flat();
}

function overlaps(engine: "docker" | "process"): void {
  describe(`overlapping runs on the ${engine} engine`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await openBench({ engine });
    });
    afterAll(() => bench.close());

    const js = (source: string, concurrency: number) =>
      jobOf(bench.kind("nodejs"), source, { limits: { concurrency }, path: `guest/overlap-${++made}` });
    const each = (job: Job, args: object[]): Promise<Ran[]> =>
      Promise.all(
        args.map((value) => {
          const { id } = jobOf(job.kind, "");
          const context = { ...job.context, activation_id: id };
          return bench.run({ ...job, id, context, args: JSON.stringify(value) });
        }),
      );

    it("share one container from its first call on, and each has exactly its own output and environment", async () => {
      for (const { kind } of bench.containers.runtimes().filter((runtime) => runtime.kind.startsWith("nodejs:"))) {
        // What has to be known of the kind is known after one run of any action.
        await bench.run({ ...js("function main(){return {}}", 2), kind });
        await exact({ ...js(TALKER, MANY), kind });
      }
    });

    async function exact(job: Job): Promise<void> {
      const people = Array.from({ length: MANY }, (_, n) => ({ who: `caller-${n}`, lines: 5 }));
      const first = await each(job, people);
      const second = await each(job, people);
      const containers = [...first, ...second].map(
        ({ answer }) => (JSON.parse(answer.outcome.result) as { me: number }).me,
      );
      expect(new Set(containers).size).toBe(1);
      for (const ran of [first, second]) {
        for (const [n, { answer, lines }] of ran.entries()) {
          const result = JSON.parse(answer.outcome.result) as { who: string; same: boolean; most: number };
          expect(result).toMatchObject({ who: `caller-${n}`, same: true });
          expect(lines.toSorted()).toEqual(said(`caller-${n}`, 5).toSorted());
        }
      }
      const most = second.map(({ answer }) => (JSON.parse(answer.outcome.result) as { most: number }).most);
      expect(Math.max(...most)).toBeGreaterThan(MANY / 2);
    }

    it("say nothing where they printed nothing, while others print", async () => {
      const job = js(
        "async function main({loud}){await new Promise(d=>setTimeout(d,20));if(loud)console.log(loud);return {}}",
        20,
      );
      const ran = await each(
        job,
        [...Array(20).keys()].map((n) => ({ loud: n % 2 === 0 ? `n${n}` : "" })),
      );
      for (const [n, { lines }] of ran.entries()) expect(lines).toEqual(n % 2 === 0 ? [`stdout: n${n}`] : []);
    });

    it("are all given, marked, what a child process prints while several run, and one alone has it unmarked", async () => {
      const source = `const { execFileSync } = require("node:child_process");
        let at = 0, met;
        const all = new Promise((done) => { met = done; });
        async function main({ who, of }) {
          if (++at === of) met();
          await all;
          console.log("mine", who);
          if (who === 0) execFileSync("sh", ["-c", "echo native; printf half >&2"], { stdio: "inherit" });
          await new Promise((done) => setTimeout(done, 100));
          return {};
        }`;
      const alone = await each(js(source, 4), [{ who: 0, of: 1 }]);
      expect(alone[0]?.lines.toSorted()).toEqual(["stderr: half", "stdout: mine 0", "stdout: native"]);
      const job = js(source, 4);
      const ran = await each(
        job,
        [0, 1, 2, 3].map((who) => ({ who, of: 4 })),
      );
      for (const [who, { lines }] of ran.entries()) {
        expect(lines).toContain(`stdout: mine ${who}`);
        expect(lines).toContain("stdout: [shared] native");
        expect(lines.filter((line) => line.includes("mine"))).toEqual([`stdout: mine ${who}`]);
      }
      for (const { lines } of ran)
        expect(lines.filter((line) => /^stderr: (\[shared\] )?half$/.test(line)).length).toBe(1);
    });

    it("let the others finish when one throws, and the next call starts in a new container", async () => {
      const source = `let n = 0;
        async function main({ fail, nap }) {
          n++;
          await new Promise((done) => setTimeout(done, nap));
          if (fail) setTimeout(() => {}, 0), (() => { throw new Error("mine alone"); })();
          console.log("fine");
          return { n };
        }`;
      const sync = `const me = Math.random();
        function main({ fail, nap }) {
          if (fail) throw new Error("mine alone");
          return new Promise((done) => setTimeout(() => { console.log("fine"); done({ me }); }, nap));
        }`;
      const rejected = await each(js(source, 3), [{ nap: 150 }, { nap: 30, fail: true }, { nap: 150 }]);
      expect(rejected.map(({ answer }) => answer.outcome.statusCode)).toEqual([0, 1, 0]);
      const job = js(sync, 3);
      const old = await bench.run({ ...job, args: '{"nap":0}' });
      const ran = await each(job, [{ nap: 200 }, { nap: 200 }, { nap: 0, fail: true }]);
      expect(ran.map(({ answer }) => answer.outcome.statusCode)).toEqual([0, 0, 2]);
      expect(errorOf(ran[2] as Ran)).toBe("An error has occurred: Error: mine alone");
      expect(ran[0]?.lines).toEqual(["stdout: fine"]);
      expect(ran[2]?.lines.join()).toContain("mine alone");
      const next = await bench.run({ ...job, args: '{"nap":0}' });
      expect(next.answer.outcome.statusCode).toBe(0);
      expect(next.answer.outcome.result).not.toBe(old.answer.outcome.result);
    });

    it("keep what each had printed when the container dies under them", async () => {
      const source = `let at = 0;
        function main({ who, of }) {
          console.log("begun", who);
          if (++at === of) setTimeout(() => process.exit(9), 50);
          return new Promise(() => {});
        }`;
      const job = js(source, 5);
      const ran = await each(
        job,
        [1, 2, 3, 4, 5].map((who) => ({ who, of: 5 })),
      );
      for (const [n, { answer, lines }] of ran.entries()) {
        expect(answer.outcome.statusCode).toBe(2);
        expect(lines).toEqual([`stdout: begun ${n + 1}`]);
      }
    });
  });
}

let made = 0;
