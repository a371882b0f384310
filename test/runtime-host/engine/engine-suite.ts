// What every engine has to do, told as tests; each engine's own file calls it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, errorOf, jobOf, openBench } from "./actions.ts";

export function runsActions(engine: "docker" | "process"): void {
  describe(`on the ${engine} engine, an action`, () => {
    let bench: Bench;
    let node: string;
    beforeAll(async () => {
      bench = await openBench({ engine });
      node = bench.kind("nodejs");
    });
    afterAll(() => bench.close());

    const js = (source: string, changes: Parameters<typeof jobOf>[2] = {}) => jobOf(node, source, changes);

    it("runs cold, then warm in the same container, with result and logs of each run", async () => {
      const job = js("let n=0;function main(a){console.log('out',++n);console.error('err');return {hello:a.name,n}}");
      const cold = await bench.run(job);
      expect(cold.answer.outcome).toEqual({ statusCode: 0, result: '{"hello":"world","n":1}' });
      expect(cold.answer.initTime).toBeGreaterThanOrEqual(0);
      expect(cold.lines.toSorted()).toEqual(["stderr: err", "stdout: out 1"]);
      const warm = await bench.run(job);
      expect(warm.answer.outcome.result).toBe('{"hello":"world","n":2}');
      expect(warm.answer.initTime).toBeUndefined();
      expect(warm.lines.toSorted()).toEqual(["stderr: err", "stdout: out 2"]);
    });

    it("shares a container with nobody: another namespace, another revision, another action start cold", async () => {
      const job = js("let n=0;function main(){return {n:++n}}", { path: "guest/shared" });
      await bench.run(job);
      for (const other of [{ namespaceId: "other" }, { revision: "2" }, { path: "guest/other" }]) {
        const { answer } = await bench.run({ ...job, ...other });
        expect(answer.outcome.result).toBe('{"n":1}');
        expect(answer.initTime).toBeDefined();
      }
    });

    it("gets its arguments and context, and nothing of the host's environment", async () => {
      process.env.EDGEWHISK_TEST_SECRET = "visible";
      const source = "function main(a){return {args:a,env:Object.keys(process.env),ns:process.env.__OW_NAMESPACE}}";
      const { answer } = await bench.run(js(source, { args: '{"ü":1.0}', initEnv: { MINE: "1" } }));
      const result = JSON.parse(answer.outcome.result) as { args: object; env: string[]; ns: string };
      expect(result.args).toEqual({ ü: 1 });
      expect(result.ns).toBe("guest");
      expect(result.env).toContain("__OW_API_HOST");
      expect(result.env).toContain("MINE");
      expect(result.env).not.toContain("EDGEWHISK_TEST_SECRET");
    });

    it("that prints behind its runtime's back is heard all the same, in the first run and later", async () => {
      const ways = [
        "require('node:fs').writeSync(1,'raw\\n')",
        "process._rawDebug('raw')",
        "(await import('node:child_process')).execSync('echo raw',{stdio:'inherit'})",
        "(await import('node:fs')).writeSync(2,'raw\\n')",
        "require('node:child_process').execSync('echo raw',{stdio:'inherit'})",
        "require('node:fs').writeFileSync('/dev/stdout','raw\\n')",
        "require('node:fs').appendFileSync('/dev/stderr','raw\\n')",
        "require('node:child_process').execSync('echo raw > /dev/stderr',{stdio:'inherit'})",
      ];
      for (const way of ways) {
        const job = js(`let n=0;async function main(){n++;if(n!==2){${way}}return {n}}`);
        for (const lines of [1, 0, 1]) expect((await bench.run(job)).lines.length, way).toBe(lines);
      }
    });

    it("opens /dev/stdout and /dev/stderr by name, in python and as a native program", async () => {
      const python =
        "def main(a):\n  for name in ('stdout', 'stderr'):\n    with open('/dev/' + name, 'w') as f: f.write(name)\n  return {}\n";
      const shell = `printf stderr > /dev/stderr; echo stdout > /dev/stdout; echo '{}' > /dev/stdout`;
      for (const [family, source] of [
        ["python", python],
        ["native", shell],
      ] as const)
        for (let run = 0; run < 2; run++) {
          const { lines, answer } = await bench.run(jobOf(bench.kind(family), source));
          expect(answer.outcome).toEqual({ statusCode: 0, result: "{}" });
          expect(lines.toSorted(), family).toEqual(["stderr: stderr", "stdout: stdout"]);
        }
    });

    it("in python runs as well", async () => {
      const source =
        "import sys\ndef main(a):\n  print('out')\n  print('err', file=sys.stderr)\n  return {'hello': a['name']}\n";
      const ran = await bench.run(jobOf(bench.kind("python"), source));
      expect(ran.answer.outcome).toMatchObject({ statusCode: 0 });
      expect(JSON.parse(ran.answer.outcome.result)).toEqual({ hello: "world" });
      expect(ran.lines.toSorted()).toEqual(["stderr: err", "stdout: out"]);
    });

    it("that fails by its own word stays warm; one that fails otherwise never runs again", async () => {
      const error = js("let n=0;function main(){return {error:++n}}");
      await bench.run(error);
      expect((await bench.run(error)).answer.outcome).toEqual({ statusCode: 1, result: '{"error":2}' });
      const thrown = js("let n=0;function main(){if(++n===1)throw new Error('bad');return {n}}");
      const first = await bench.run(thrown);
      expect(first.answer.outcome.statusCode).toBe(2);
      expect(errorOf(first)).toContain("bad");
      expect((await bench.run(thrown)).answer.initTime).toBeDefined();
    });

    it("that does not parse says so, with details in the logs", async () => {
      const ran = await bench.run(js("function main({"));
      expect(ran.answer.outcome.statusCode).toBe(2);
      expect(errorOf(ran)).toContain("Initialization has failed");
      expect(ran.lines.join("\n")).toContain("SyntaxError");
    });

    it("that ends its process exited unexpectedly, last words kept", async () => {
      const ran = await bench.run(js("function main(){console.log('bye');process.exit(3)}"));
      expect(errorOf(ran)).toBe("The action did not produce a valid response and exited unexpectedly.");
      expect(ran.lines).toEqual(["stdout: bye"]);
      const atInit = await bench.run(js("process.exit(3);function main(){}"));
      expect(errorOf(atInit)).toBe("The action did not initialize and exited unexpectedly.");
    });

    it("has in its logs what it printed before it was killed, or went into a loop", async () => {
      const printed = Array.from({ length: 200 }, (_, n) => `stdout: line ${n}`);
      const killed = "process.kill(process.pid,'SIGKILL')";
      for (const end of [killed, "process.abort()", "for(;;);"]) {
        const source = `function main(){for(let i=0;i<200;i++)console.log('line',i);${end};for(;;);}`;
        const ran = await bench.run(js(source, { limits: { timeout: 1_000 } }));
        expect(ran.answer.outcome.statusCode, end).toBe(2);
        expect(ran.lines.slice(0, 200), end).toEqual(printed);
      }
    });

    it("has them in python, too, and after a child has printed in between", async () => {
      const printed = Array.from({ length: 200 }, (_, n) => `stdout: line ${n}`);
      for (const end of ["os.kill(os.getpid(), 9)", "os.abort()", "pass"]) {
        const source = `import os
def main(args):
  for i in range(200):
    print("line", i)
    if i == 99 and args.get("child"):
      child = os.fork()
      if child == 0: os._exit(0)
      os.waitpid(child, 0)
  ${end}
  while True: pass
`;
        for (const args of ["{}", '{"child":true}']) {
          const ran = await bench.run(jobOf(bench.kind("python"), source, { args, limits: { timeout: 1_500 } }));
          expect(ran.answer.outcome.statusCode, end).toBe(2);
          expect(ran.lines.slice(0, 200), end).toEqual(printed);
        }
      }
    });

    it("that does not answer is ended at its time limit, in a run and in init", async () => {
      const forever = js("function main(){console.log('still here');return new Promise(()=>{})}", {
        limits: { timeout: 1000 },
      });
      const ran = await bench.run(forever);
      expect(ran.answer).toMatchObject({ timedOut: true, ran: true });
      expect(errorOf(ran)).toBe("The action exceeded its time limits of 1000 milliseconds.");
      expect(ran.lines).toContain("stdout: still here");
      const loop = await bench.run(js("for(;;);function main(){}", { limits: { timeout: 1000 } }));
      expect(errorOf(loop)).toBe("The action exceeded its time limits of 1000 milliseconds during initialization.");
    });

    it("that takes more memory than it may is told so", async () => {
      const source =
        "async function main(){const a=[];for(;;){a.push(Buffer.alloc(8e6,1));await new Promise(r=>setTimeout(r,5))}}";
      const ran = await bench.run(js(source, { limits: { memory: 128 } }));
      expect(ran.answer.outcome.statusCode).toBe(2);
      expect(errorOf(ran)).toBe("The action exhausted its memory and was aborted.");
    });

    it("that answers with 100 MB gets the beginning back as an error, and stays warm", async () => {
      const source = "function main(a){return a.name==='small'?{}:{big:'x'.repeat(3e6)}}";
      const job = js(source);
      const ran = await bench.run(job);
      expect(ran.answer.outcome.statusCode).toBe(1);
      expect(errorOf(ran)).toContain("exceeded the allowed length: 3000010 > 1048576 bytes.");
      const next = await bench.run({ ...job, args: '{"name":"small"}' });
      expect(next.answer).toMatchObject({ outcome: { statusCode: 0 } });
      expect(next.answer.initTime).toBeUndefined();
    });

    it("whose code cannot be had ends as an internal error that never ran", async () => {
      const code = { hash: "x", size: 1, load: () => Promise.reject(new Error("gone")) };
      const ran = await bench.run({ ...js(""), code });
      expect(ran.answer).toMatchObject({ ran: false, outcome: { statusCode: 3 } });
    });

    it("that floods its output is read to the end in bounded memory", async () => {
      await bench.run(js("function main(){return {}}"));
      const before = process.memoryUsage().rss;
      let peak = 0;
      const watch = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage().rss);
      }, 20);
      const source = "function main(){const s='x'.repeat(1023);for(let i=0;i<200*1024;i++)console.log(s);return {}}";
      const ran = await bench.run(js(source, { limits: { logs: 1 } }));
      clearInterval(watch);
      expect(ran.answer.outcome.statusCode).toBe(0);
      expect(ran.logs.cut).toBeGreaterThan(200e6);
      expect(ran.lines.at(-1)).toContain("Logs were truncated");
      const most = engine === "docker" ? 50e6 : 120e6;
      expect(peak - before).toBeLessThan(most);
    });

    it("runs in as many containers at once as there are calls, each call once", async () => {
      const job = js("function main(a){return new Promise(r=>setTimeout(()=>r({pid:process.pid,name:a.name}),200))}");
      const names = Array.from({ length: 4 }, (_, at) => `n${at}`);
      const all = await Promise.all(names.map((name) => bench.run({ ...job, args: `{"name":"${name}"}` })));
      const results = all.map((ran) => JSON.parse(ran.answer.outcome.result) as { name: string });
      expect(results.map((each) => each.name)).toEqual(names);
    });

    it("of a kind that is not here is refused", async () => {
      await expect(bench.run(jobOf("cobol:85", ""))).rejects.toThrow("unsupported");
      await expect(bench.run(js("", { limits: { memory: 100_000 } }))).rejects.toThrow("busy");
    });
  });

  describe(`on the ${engine} engine, the pool`, () => {
    it("prewarms, pauses, resumes and removes by the clock, and leaves nothing behind", async () => {
      const container = { pids: 128, cpuShares: 0, idleTimeout: 3_000, pauseGrace: 200, max: 50 };
      const bench = await openBench({
        engine,
        prewarm: [{ kind: "nodejs:default", memory: 256, count: 1 }],
        container,
      });
      try {
        const stats = () => bench.containers.stats();
        await expect.poll(() => stats().prewarmed).toBe(1);
        const kind = bench.kind("nodejs");
        // `default` may be an older one than the newest.
        const kinds = bench.containers.runtimes().map((each) => each.kind);
        const job = jobOf(kinds.includes("nodejs:20") ? "nodejs:20" : kind, "let n=0;function main(){return {n:++n}}");
        await bench.run(job);
        await expect.poll(() => stats().paused).toBe(1);
        const again = await bench.run(job);
        expect(again.answer.outcome.result).toBe('{"n":2}');
        await expect.poll(() => stats().paused).toBe(1);
        await expect.poll(() => stats().paused + stats().warm).toBe(0);
      } finally {
        await bench.close();
      }
    });

    it("ends what runs with an internal error when it is stopped", async () => {
      const bench = await openBench({ engine });
      const running = bench.run(jobOf(bench.kind("nodejs"), "function main(){return new Promise(()=>{})}"));
      await expect.poll(() => bench.containers.stats().running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await bench.close();
      const ran = await running;
      expect(ran.answer.outcome.statusCode).toBe(3);
      expect(errorOf(ran)).toBe("The host was stopped during the run.");
      await expect(bench.run(jobOf("nodejs:20", ""))).rejects.toThrow("draining");
    });
  });
}
