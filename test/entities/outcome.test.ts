import { describe, expect, test } from "vitest";
import { ABNORMAL, type ContainerAnswer, outcomeOfInit, outcomeOfRun } from "../../src/entities/outcome.ts";

const run = (body: string, status = 200): ContainerAnswer => ({ status, body });
const errorOf = (text: string) => `{"error":${JSON.stringify(text)}}`;

describe("an answer to /run", () => {
  test.each([
    ["an object", '{"a":1}', '{"a":1}'],
    ["an empty object", "{}", "{}"],
    ["an array", "[1,2]", "[1,2]"],
    [
      "numbers JavaScript cannot hold",
      '{"a":12345678901234567890,"b":1.0,"c":1e400}',
      '{"a":12345678901234567890,"b":1.0,"c":1e400}',
    ],
    ["space around it", ' {"a":1}\n', '{"a":1}'],
    ["an error deeper down", '{"a":{"error":1}}', '{"a":{"error":1}}'],
    ["an array of errors", '[{"error":1}]', '[{"error":1}]'],
    ["a key called __proto__", '{"__proto__":{"error":1}}', '{"__proto__":{"error":1}}'],
  ])("that is %s is a success and keeps its bytes", (_name, body, result) => {
    expect(outcomeOfRun(run(body))).toEqual({ statusCode: 0, result });
  });

  test.each([
    ["text", '{"error":"no","other":1}', '{"error":"no"}'],
    ["null", '{"error":null}', '{"error":null}'],
    [
      "an object with big numbers",
      '{"x":1, "error" : {"code":12345678901234567890} }',
      '{"error":{"code":12345678901234567890}}',
    ],
    ["written with escapes", '{"\\u0065rror":false}', '{"error":false}'],
    ["twice, the last one counting", '{"error":1,"error":2}', '{"error":2}'],
  ])("whose error is %s is an application error reduced to it", (_name, body, result) => {
    expect(outcomeOfRun(run(body))).toEqual({ statusCode: 1, result });
  });

  test("other than 200 is a developer error: with its error, or with the whole body", () => {
    expect(outcomeOfRun(run('{"error":"bad"}', 502))).toEqual({ statusCode: 2, result: '{"error":"bad"}' });
    for (const body of ['{"a":1}', "[1]", "oops"]) {
      const text = `The action did not produce a valid JSON or JSON Array response: ${body}`;
      expect(outcomeOfRun(run(body, 500))).toEqual({ statusCode: 2, result: errorOf(text) });
    }
  });

  test.each(["not json", '"text"', "12", "null", "true", '{"a":', "NaN"])("that is %s is a developer error", (body) => {
    const text = `The action did not produce a valid JSON or JSON Array response: ${body}`;
    expect(outcomeOfRun(run(body))).toEqual({ statusCode: 2, result: errorOf(text) });
  });

  test("without a body is a developer error without an echo", () => {
    const text = "The action did not produce a valid JSON or JSON Array response.";
    expect(outcomeOfRun(run(""))).toEqual({ statusCode: 2, result: errorOf(text) });
  });

  test("that was too long is an application error with its beginning, whatever it says", () => {
    const text =
      'The action produced a response that exceeded the allowed length: 2000 > 1000 bytes. The truncated response was: {"error":"x';
    const cut = { length: 2000, max: 1000 };
    expect(outcomeOfRun({ status: 200, body: '{"error":"x', cut })).toEqual({ statusCode: 1, result: errorOf(text) });
    expect(outcomeOfRun({ status: 500, body: '{"error":"x', cut })).toEqual({ statusCode: 1, result: errorOf(text) });
  });
});

describe("a failed /init", () => {
  test("with an error is a developer error with it", () => {
    expect(outcomeOfInit(run('{"error":"syntax"}', 502))).toEqual({ statusCode: 2, result: '{"error":"syntax"}' });
  });

  test.each(["oops", '{"a":1}', "[1]"])("that says %s is a developer error that quotes it", (body) => {
    const text = `The action failed during initialization: ${body}`;
    expect(outcomeOfInit(run(body, 500))).toEqual({ statusCode: 2, result: errorOf(text) });
  });

  test("without a body, or with one too long, says so", () => {
    expect(outcomeOfInit(run("", 500)).result).toBe(errorOf("The action failed during initialization."));
    const long = outcomeOfInit({ status: 500, body: "abc", cut: { length: 9, max: 3 } });
    expect(long.statusCode).toBe(2);
    expect(long.result).toContain("9 > 3 bytes. The truncated response was: abc");
  });
});

test("runs without an answer have upstream's texts", () => {
  expect(ABNORMAL.run().result).toBe(errorOf("The action did not produce a valid response and exited unexpectedly."));
  expect(ABNORMAL.init().result).toBe(errorOf("The action did not initialize and exited unexpectedly."));
  expect(ABNORMAL.memory().result).toBe(errorOf("The action exhausted its memory and was aborted."));
  expect(ABNORMAL.timeout(100).result).toBe(errorOf("The action exceeded its time limits of 100 milliseconds."));
  expect(ABNORMAL.initTimeout(100).result).toBe(
    errorOf("The action exceeded its time limits of 100 milliseconds during initialization."),
  );
  expect(ABNORMAL.pull("a/b").result).toBe(errorOf("Failed to pull container image 'a/b'."));
  expect([ABNORMAL.provision().statusCode, ABNORMAL.code().statusCode, ABNORMAL.memory().statusCode]).toEqual([
    3, 3, 2,
  ]);
});
