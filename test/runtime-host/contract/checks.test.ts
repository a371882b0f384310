// The contract checks against a runtime that keeps them all, and against the same with one promise broken at a time: a
// check that cannot fail checks nothing.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "undici";
import { describe, expect, it } from "vitest";
import { ACTIONS, type Actions } from "../../../runtime-host/contract/actions.ts";
import { CHECKS, OWN_CODE } from "../../../runtime-host/contract/checks.ts";
import { play } from "../../../runtime-host/contract/play.ts";
import type { Subject } from "../../../runtime-host/contract/session.ts";
import { findLocalRuntimes } from "../../../runtime-host/runtimes/local.ts";
import { startProcess } from "../../support/runtime-process.ts";

interface Answer {
  status: number;
  text: string;
  chunked?: boolean;
}

/** What stands between the checks and an honest runtime. */
interface Tamper {
  ask?: (path: string, message: Record<string, unknown>) => void;
  answer?: (path: string, answer: Answer, call: number) => void;
  printed?: (text: string) => string;
}

const run = (change: (answer: Answer) => void): Tamper => ({
  answer: (path, answer) => path === "/run" && change(answer),
});
const say = (text: string, status = 200) => run((answer) => Object.assign(answer, { text, status }));
const accept = (path: string): Tamper => ({
  answer: (asked, answer) => asked === path && Object.assign(answer, { status: 200, text: "{}" }),
});

/** By the beginning of the check's name. */
const LIES: [string, string, Tamper][] = [
  ["hello", "names no kind", { answer: (path, a) => path === "/hello" && Object.assign(a, { text: "{}" }) }],
  ["init: takes", "takes a second init", accept("/init")],
  ["init: refuses", "takes everything", accept("/init")],
  ["run: is refused", "runs before init", accept("/run")],
  ["parameters", "makes text of numbers", run((a) => Object.assign(a, { text: a.text.replace(":7", ':"7"') }))],
  ["unicode", "knows no unicode", run((a) => Object.assign(a, { text: a.text.replace("☃", "?") }))],
  ["size", "cuts what is long", run((a) => Object.assign(a, { text: a.text.replace("xxxx", "") }))],
  ["run: again", "does not say how long", run((a) => Object.assign(a, { chunked: true }))],
  ["run: broken", "takes broken JSON", accept("/run")],
  ["errors: an error", "loses the error", say("{}")],
  ["errors: an action", "hides the failure", say("{}")],
  ["errors: a result", "answers with text", say('"text"')],
  ["environment", "forgets the id", { ask: (_, message) => delete message.activation_id }],
  [
    "environment",
    "forgets what init brings",
    { ask: (path, message) => path === "/init" && delete (message.value as { env?: unknown }).env },
  ],
  ["archive", "is no zip reader", say('{"from":"nowhere"}')],
  ["logs", "writes no end marker", { printed: (text) => text.replaceAll("XXX_THE_END", "THE_END") }],
  ["logs", "prints too late", { printed: (text) => text.replaceAll(/out \d\n/g, "") }],
];

const local = (await findLocalRuntimes()).findLast((each) => each.family === "nodejs");
if (local === undefined) throw new Error("the node that runs this test is a runtime");

async function subject(tamper: Tamper = {}): Promise<Subject> {
  const runtime = await startProcess(local as NonNullable<typeof local>, { __OW_API_HOST: "http://api" });
  const client = new Client(runtime.url, { socketPath: runtime.socketPath ?? "" });
  let calls = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    let body = Buffer.concat(chunks).toString("utf8");
    const path = request.url ?? "";
    try {
      const message = JSON.parse(body);
      tamper.ask?.(path, message);
      body = JSON.stringify(message);
    } catch {
      // Broken JSON is passed on as it is.
    }
    const method = request.method as "GET";
    const real = await client.request({ method, path, body: method === "GET" ? null : body });
    const answer: Answer = { status: real.statusCode, text: await real.body.text() };
    tamper.answer?.(path, answer, ++calls);
    const length = answer.chunked === true ? {} : { "content-length": Buffer.byteLength(answer.text) };
    response.writeHead(answer.status, { "content-type": "application/json", ...length });
    response.write(answer.text);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { printed = (text: string) => text } = tamper;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    printed: {
      get stdout() {
        return printed(runtime.logs().stdout);
      },
      get stderr() {
        return printed(runtime.logs().stderr);
      },
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await client.destroy();
      await runtime.stop();
    },
  };
}

const verdictOf = async (name: string, tamper?: Tamper, actions: Actions = ACTIONS.nodejs ?? {}) => {
  const checks = [...CHECKS, OWN_CODE].filter((check) => check.name.startsWith(name));
  expect(checks).toHaveLength(1);
  const [verdict] = await play(checks, { actions, start: () => subject(tamper), report() {} });
  return verdict;
};

describe("the contract", () => {
  it.each(CHECKS.map((check) => check.name))("is kept by our own runtime: %s", async (name) => {
    expect(await verdictOf(name)).toEqual({ name, is: "kept" });
  });

  it.each(LIES)("%s… is broken by a runtime that %s", async (name, _, tamper) => {
    expect(await verdictOf(name, tamper)).toMatchObject({ is: "broken", why: expect.any(String) });
  });

  it("has a lie for every check", () => {
    const untold = CHECKS.filter((check) => !LIES.some(([name]) => check.name.startsWith(name)));
    expect(untold).toEqual([]);
  });

  it("says nothing about what there is no action for, and what is edgewhisk's own", async () => {
    expect(await verdictOf("archive", {}, {})).toMatchObject({
      is: "skipped",
      why: expect.stringContaining('"archive"'),
    });
    const mute: Tamper = { answer: (path, answer) => path === "/hello" && Object.assign(answer, { status: 404 }) };
    expect(await verdictOf("hello", mute)).toMatchObject({ is: "skipped" });
  });

  it("asks an image with code of its own for no more than an answer", async () => {
    const own: Tamper = {
      ask: (path, message) =>
        path === "/init" && Object.assign(message.value as object, { code: "function main(a) { return a }" }),
    };
    expect(await verdictOf("own code", own)).toMatchObject({ is: "kept" });
    expect(await verdictOf("own code")).toMatchObject({ is: "broken" });
  });
});
