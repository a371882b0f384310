// What the action container contract promises, one story each. A story throws Broken with a sentence, or returns why it
// says nothing about this image.

import { isDeepStrictEqual } from "node:util";
import type { ActionSample, Code } from "./actions.ts";
import { Broken, type ContractAnswer, quote, type Session } from "./session.ts";

export interface Check {
  readonly name: string;
  /** The action it is played with; without one it is played with the image's own code, too. */
  readonly need?: ActionSample;
  play(session: Session, code: Code): Promise<string | undefined>;
}

const MEGABYTE = 1_000_000;
const UNICODE = { greeting: "❄ ☃ ❄", ключ: "𝄞", escaped: 'a"\\\n\u0001' };
const VALUES = {
  text: "a",
  number: 1.5,
  whole: 7,
  yes: true,
  nothing: null,
  list: [1, [2, {}]],
  nested: { a: { b: [] } },
};

export const CHECKS: readonly Check[] = [
  {
    name: "hello: says what it is, and whether runs may overlap",
    async play(session) {
      const answer = await session.hello();
      if (answer.status !== 200) return "it does not say hello, which is edgewhisk's own extension";
      const { kind, concurrent } = dictionary(answer);
      expect(typeof kind === "string", "names no kind", answer);
      expect(typeof concurrent === "boolean", "does not say whether runs may overlap", answer);
      return undefined;
    },
  },
  {
    name: "init: takes code once, and still runs after a second init was refused",
    need: "echo",
    async play(session, code) {
      await ready(session, code);
      const again = await session.init(initValue(code));
      expect(again.status !== 200, "a second /init was accepted", again);
      same(await session.run({ still: "here" }), { still: "here" });
      return undefined;
    },
  },
  {
    name: "init: refuses code that does not load, with an error",
    need: "broken",
    async play(session, code) {
      const answer = await session.init(initValue(code));
      expect(answer.status !== 200, "/init took it", answer);
      expect(Object.hasOwn(dictionary(answer), "error"), "the answer has no `error`", answer);
      return undefined;
    },
  },
  {
    name: "run: is refused before init",
    need: "echo",
    async play(session) {
      const answer = await session.run({});
      expect(answer.status !== 200, "/run was answered as a success", answer);
      return undefined;
    },
  },
  parameters("parameters: every kind of JSON value arrives and returns", VALUES),
  parameters("unicode: names and values arrive and return", UNICODE),
  parameters("size: a megabyte arrives and returns", { big: "x".repeat(MEGABYTE) }),
  {
    name: "run: again and again, answers say how long they are",
    need: "echo",
    async play(session, code) {
      await ready(session, code);
      for (let n = 0; n < 5; n++) {
        const answer = await session.run({ n });
        same(answer, { n });
        const bytes = Buffer.byteLength(answer.text);
        expect(
          answer.length === String(bytes),
          `Content-Length is ${answer.length ?? "missing"}, not ${bytes}`,
          answer,
        );
      }
      return undefined;
    },
  },
  {
    name: "run: broken JSON is refused, and the next run served",
    need: "echo",
    async play(session, code) {
      await ready(session, code);
      const answer = await session.post("/run", '{"value":');
      expect(answer.status !== 200, "it was answered as a success", answer);
      same(await session.run({ still: "here" }), { still: "here" });
      return undefined;
    },
  },
  {
    name: "errors: an error the action returns is its result",
    need: "error",
    async play(session, code) {
      await ready(session, code);
      same(await session.run({}), { error: { code: 7 } });
      return undefined;
    },
  },
  {
    name: "errors: an action that fails is an answer with an error",
    need: "raise",
    async play(session, code) {
      await ready(session, code);
      const answer = await session.run({});
      expect(Object.hasOwn(dictionary(answer), "error"), "the answer has no `error`", answer);
      return undefined;
    },
  },
  {
    name: "errors: a result that is no dictionary is refused",
    need: "text",
    async play(session, code) {
      await ready(session, code);
      const answer = await session.run({});
      expect(answer.status !== 200, "it was answered as a success", answer);
      expect(Object.hasOwn(dictionary(answer), "error"), "the answer has no `error`", answer);
      return undefined;
    },
  },
  {
    name: "environment: what init, run and the container bring is there",
    need: "env",
    async play(session, code) {
      await ready(session, code, { CONTRACT: "from init" });
      const seen = dictionary(await session.run({}, { activation_id: "12ab" }));
      const all = `the action saw ${JSON.stringify(seen)}`;
      if (seen.CONTRACT !== "from init") throw new Broken(`what /init brings in \`env\` is missing: ${all}`);
      if (seen.__OW_ACTIVATION_ID !== "12ab") throw new Broken(`__OW_ACTIVATION_ID of the run is missing: ${all}`);
      if (typeof seen.__OW_API_HOST !== "string" || seen.__OW_API_HOST === "")
        throw new Broken(`the container's __OW_API_HOST is missing: ${all}`);
      return undefined;
    },
  },
  {
    name: "archive: a zip with more than one file",
    need: "archive",
    async play(session, code) {
      await ready(session, code);
      same(await session.run({}), { from: "another file" });
      return undefined;
    },
  },
  {
    name: "logs: what each run prints, then its end marker, on both streams",
    need: "log",
    async play(session, code) {
      await ready(session, code);
      for (let n = 1; n <= 3; n++) {
        const answer = await session.run({ n });
        expect(answer.status === 200, "the action that prints failed", answer);
        await session.ended(n);
      }
      for (const [stream, word] of [
        ["stdout", "out"],
        ["stderr", "err"],
      ] as const) {
        const parts = session.printed[stream].split("XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n");
        const at = [1, 2, 3].findIndex((n) => !(parts[n - 1] ?? "").split("\n").includes(`${word} ${n}`));
        if (at >= 0) throw new Broken(`"${word} ${at + 1}" is not on ${stream} before the end marker of its run`);
      }
      return undefined;
    },
  },
];

/** For an image with code of its own, whatever that does. */
export const OWN_CODE: Check = {
  name: "own code: init without code is taken, and a run is answered with JSON",
  async play(session) {
    const init = await session.init({ name: "contract", main: "main", binary: false, env: {} });
    expect(init.status === 200, "/init without code was refused", init);
    const answer = await session.run({ name: "contract" });
    expect(
      typeof answer.body === "object" && answer.body !== null,
      "the answer is no JSON dictionary or array",
      answer,
    );
    return undefined;
  },
};

function parameters(name: string, value: object): Check {
  return {
    name,
    need: "echo",
    async play(session, code) {
      await ready(session, code);
      same(await session.run(value), value);
      return undefined;
    },
  };
}

function initValue(code: Code, env: Record<string, string> = {}): Record<string, unknown> {
  return { name: "contract", main: code.main ?? "main", code: code.code, binary: code.binary, env };
}

async function ready(session: Session, code: Code, env: Record<string, string> = {}): Promise<void> {
  const answer = await session.init(initValue(code, env));
  expect(answer.status === 200, "/init was refused", answer);
}

function same(answer: ContractAnswer, wanted: unknown): void {
  expect(answer.status === 200, "the run failed", answer);
  if (!isDeepStrictEqual(answer.body, wanted)) {
    const text = JSON.stringify(wanted);
    throw new Broken(
      `the run answered ${quote(answer)} where ${text.length > 200 ? `${text.length} bytes` : text} were given`,
    );
  }
}

function dictionary(answer: ContractAnswer): Record<string, unknown> {
  const { body } = answer;
  expect(typeof body === "object" && body !== null && !Array.isArray(body), "the answer is no JSON dictionary", answer);
  return body as Record<string, unknown>;
}

function expect(kept: boolean, otherwise: string, answer: ContractAnswer): void {
  if (!kept) throw new Broken(`${otherwise} (${quote(answer)})`);
}
