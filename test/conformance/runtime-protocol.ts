// The conversation itself: order of calls, overlap, exit, and what may be said at the door.
import { expect, it } from "vitest";
import { perContainer } from "../../src/entities/runtimes.ts";
import { count, RuntimeClient, type StartRuntime, using } from "../support/runtime-client.ts";
import type { Family } from "./runtime-case.ts";

const SOURCES = {
  nodejs: {
    echo: "function main(args) { console.log(args.say); return args; }",
    slow: "function main(a) { return new Promise((r) => setTimeout(() => r({ n: a.n }), 300)); }",
    exit: "function main() { console.log('bye'); process.exit(3); }",
  },
  python: {
    echo: "def main(args):\n    print(args['say'])\n    return args\n",
    slow: "import time\ndef main(args):\n    time.sleep(0.3)\n    return {'n': args['n']}\n",
    exit: "import sys\ndef main(args):\n    print('bye')\n    sys.exit(3)\n",
  },
} as const;

/** Ends only once so many run at the same time. */
const together = (count: number) =>
  `let here = 0, go; const all = new Promise((done) => { go = done; });
   function main(a) { if (++here === ${count}) go(); return all.then(() => ({ n: a.n })); }`;

export function registerProtocol(family: Family, start: StartRuntime): void {
  const { echo, slow, exit } = SOURCES[family];

  it("says hello with its kind, version and whether runs may overlap", () =>
    using(start, {}, async (client) => {
      const answer = await client.hello();
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        edgewhisk: 1,
        kind: family,
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        // As schedulers count.
        concurrent: perContainer({ kind: family, limits: { concurrency: 2 } }) === 2,
        ...(family === "nodejs" ? { named: true } : {}),
        journals: true,
      });
      expect(answer.headers["content-length"]).toBe(String(answer.text.length));
    }));

  it("runs again and again, each run with its own output and end marker", () =>
    using(start, {}, async (client) => {
      await client.init({ name: "t", main: "main", code: echo });
      for (const say of ["one", "two", "three"]) expect((await client.run({ say })).body).toEqual({ say });
      const expected = ["one", "two", "three"].map((say) => `${say}\nXXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n`).join("");
      await expect.poll(() => client.runtime.logs().stdout).toBe(expected);
      await expect.poll(() => count(client.runtime.logs().stderr)).toBe(3);
    }));

  it("has both end markers in the pipe before it answers", () =>
    using(start, {}, async (client) => {
      await client.init({ name: "t", main: "main", code: echo });
      await client.run({ say: "x" });
      await expect.poll(() => count(client.runtime.logs().stdout) + count(client.runtime.logs().stderr)).toBe(2);
    }));

  it("refuses a second init, and stays usable", () =>
    using(start, {}, async (client) => {
      expect((await client.init({ name: "t", main: "main", code: echo })).status).toBe(200);
      const second = await client.init({ name: "t", main: "main", code: echo });
      expect(second).toMatchObject({ status: 403, body: { error: "Cannot initialize the action more than once." } });
      expect((await client.run({ say: "still" })).body).toEqual({ say: "still" });
    }));

  it("refuses an init without code, and can be initialised after it", () =>
    using(start, {}, async (client) => {
      for (const value of [{}, { main: "main", code: "" }, { main: "main", code: 7 }]) {
        const answer = await client.init(value);
        expect(answer).toMatchObject({ status: 403, body: { error: "Missing main/no code to execute." } });
      }
      expect((await client.init({ code: echo })).status).toBe(200);
    }));

  it("refuses init and run after an init that failed", () =>
    using(start, {}, async (client) => {
      expect((await client.init({ name: "t", main: "main", code: "(((" })).status).toBe(502);
      const error = "System not ready, status is stopped.";
      expect(await client.init({ name: "t", main: "main", code: echo })).toMatchObject({
        status: 403,
        body: { error },
      });
      expect((await client.run({})).status).toBe(403);
    }));

  it("refuses a run before init and arguments that are no dictionary", () =>
    using(start, {}, async (client) => {
      expect(await client.run({})).toMatchObject({ status: 403, body: { error: "System not initialized." } });
      await client.init({ name: "t", main: "main", code: echo });
      const answer = await client.run("text");
      expect(answer.status).toBe(403);
      expect(answer.text).toMatch(/the argument must be a dictionary/);
      expect((await client.run({ say: "x" })).status).toBe(200);
    }));

  it("answers broken JSON, unknown paths and methods, and survives them", () =>
    using(start, {}, async (client) => {
      for (const [path, body] of [
        ["/init", "{"],
        ["/run", "nonsense"],
        ["/what", "{}"],
        ["/hello", "{}"],
      ] as const)
        expect(await client.request(path, { body })).toMatchObject({ status: 500, body: { error: "Bad request." } });
      expect((await client.request("/run", { method: "GET" })).status).toBe(500);
      expect((await client.hello()).status).toBe(200);
    }));

  it(family === "nodejs" ? "says busy to a second run while one is running" : "runs overlapping calls one by one", () =>
    using(start, {}, async (first) => {
      await first.init({ name: "t", main: "main", code: slow });
      const second = new RuntimeClient({ ...first.runtime, stop: async () => {} });
      const answers = await Promise.all([first.run({ n: 1 }), second.run({ n: 2 })]);
      await second.close();
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual(family === "nodejs" ? [200, 503] : [200, 200]);
      expect((await first.run({ n: 3 })).body).toEqual({ n: 3 });
    }),
  );

  if (family === "nodejs")
    it("overlaps runs where the container allows it", () =>
      using(start, { __OW_ALLOW_CONCURRENT: "true" }, async (first) => {
        await first.init({ name: "t", main: "main", code: together(5) });
        const others = Array.from({ length: 5 }, () => new RuntimeClient({ ...first.runtime, stop: async () => {} }));
        const answers = await Promise.all(others.map((client, n) => client.run({ n })));
        expect(answers.map(({ body }) => body)).toEqual([0, 1, 2, 3, 4].map((n) => ({ n })));
        for (const client of others) await client.close();
        await expect.poll(() => count(first.runtime.logs().stdout)).toBe(5);
      }));

  it("exits when the action does, with what it printed delivered", () =>
    using(start, {}, async (client) => {
      await client.init({ name: "t", main: "main", code: exit });
      await expect(client.run({})).rejects.toThrow();
      await client.runtime.exited;
      expect(client.runtime.logs().stdout).toMatch(/^bye\n/);
    }));
}
