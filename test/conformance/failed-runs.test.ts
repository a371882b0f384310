// Runs that end badly: actions that throw, exit, answer rubbish or take too long. Parity 4.2, 8.1.

import { expect } from "vitest";
import { action, invoke } from "./compositions.ts";
import { annotation, line, recordOf, useApi } from "./suite.ts";

await useApi();

line("2.135 4.09 8.31", "a developer error is 502, with a log line that says so", async () => {
  const name = await action("function main() { throw new Error('boom'); }");
  const answer = await invoke(name, {});
  expect(answer.status).toBe(502);
  expect(answer.json.response).toMatchObject({ status: "action developer error", success: false });
  expect(answer.json.response.result.error).toMatch(/^An error has occurred: .*boom/);
  expect(answer.headers.get("x-openwhisk-activation-id")).toBe(answer.json.activationId);
  for (const [body, status, result] of [
    ["return Promise.reject({ why: 1 });", "application error", { error: { why: 1 } }],
    ["", "success", {}],
    ["return 7;", "action developer error", { error: "The action did not return a dictionary." }],
  ] as const) {
    const { response } = (await invoke(await action(`function main() { ${body} }`), {})).json;
    expect([body, response.status, response.result]).toEqual([body, status, result]);
  }
});

line("4.29", "a developer error appends a line to the logs", async () => {
  const name = await action("function main() { console.log('before'); throw new Error('boom'); }");
  const record = await recordOf((await invoke(name, {})).json.activationId);
  expect(record.logs.at(-1)).toMatch(/stderr: .*did not initialize or run as expected\. Log data might be missing\./);
});

/** Answers itself, in place of the runtime that it shares a process with. */
const ANSWERS = `const { ServerResponse } = require("node:http");
const { writeHead, end } = ServerResponse.prototype;
function main({ status, text }) {
  ServerResponse.prototype.writeHead = function (_, headers) {
    return writeHead.call(this, status, { ...headers, "Content-Length": Buffer.byteLength(text) });
  };
  ServerResponse.prototype.end = function () {
    return end.call(this, text);
  };
}`;
line("4.10", "an answer that is no JSON, or a scalar, is a developer error that tells it", async () => {
  const name = await action(ANSWERS);
  const invalid = "The action did not produce a valid JSON or JSON Array response: ";
  for (const status of [200, 502])
    for (const text of ["nonsense", "7", "true", "null", '"text"', '{"a":', "[1]]"]) {
      const answer = await invoke(name, { status, text });
      expect([text, answer.status, answer.json.response]).toEqual([
        text,
        502,
        {
          status: "action developer error",
          success: false,
          result: { error: invalid + text },
          size: expect.any(Number),
        },
      ]);
    }
  for (const text of ["{}", "[]", '{"a":1}']) {
    const answer = await invoke(name, { status: 200, text }, "?blocking=true&result=true");
    expect([answer.status, answer.text]).toEqual([200, text]);
  }
});

line("4.11 8.13", "an action that exits is a developer error, and the next call gets a new container", async () => {
  const name = await action("function main(a) { if (a.exit) process.exit(1); return { fine: true }; }");
  const answer = await invoke(name, { exit: true });
  expect(answer.json.response.result.error).toBe(
    "The action did not produce a valid response and exited unexpectedly.",
  );
  expect((await invoke(name, {}, "?blocking=true&result=true")).json).toEqual({ fine: true });
});

line("4.12", "an action that exits while it is loaded is a developer error", async () => {
  const name = await action("process.exit(1); function main() { return {}; }");
  const { json, status } = await invoke(name, {});
  expect([status, json.response.status]).toEqual([502, "action developer error"]);
  expect(json.response.result.error).toBe("The action did not initialize and exited unexpectedly.");
});

line("4.13 8.38", "code that fails to load is a developer error", async () => {
  for (const source of ["function main( {", "throw new Error('load')", "const x = 1;"]) {
    const name = await action(source);
    const answer = await invoke(name, {});
    expect([source, answer.status, answer.json.response.status]).toEqual([source, 502, "action developer error"]);
    expect(typeof answer.json.response.result.error).toBe("string");
  }
});

line("4.14 8.12", "a run over its time limit is ended", async () => {
  const name = await action("function main() { return new Promise(() => {}); }", { limits: { timeout: 300 } });
  const { json } = await invoke(name, {});
  expect(json.response.result.error).toBe("The action exceeded its time limits of 300 milliseconds.");
  expect(annotation(json, "timeout")).toBe(true);
  const init = await action("for (;;);", { limits: { timeout: 300 } });
  expect((await invoke(init, {})).json.response.result.error).toBe(
    "The action exceeded its time limits of 300 milliseconds during initialization.",
  );
});
