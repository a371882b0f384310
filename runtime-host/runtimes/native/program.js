// One run of the program: what it is given, and what its end means. The argument is JSON on stdin and, where the system
// takes that much, the first argument; of a file sent by a web request the bytes themselves are on stdin.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const output = require("./output.js");
const { MAX_HELD, ResultTail } = require("./result-tail.js");
const webBody = require("./web-body.js");

/** Linux takes 128 KB for one argument, its ending zero included. */
const MAX_ARGUMENT = 131_071;
const STDERR_SHOWN = 1024;
/** ms of silence after which a pipe that the ended program's children keep open is left alone. */
const SILENCE = 50;
/** ms after which it is left alone though it still talks. */
const LAST_WORDS = 1000;

/** Status and text for the answer to /run. Never rejects. */
async function runProgram({ file, folder, pipes, env, value, text }) {
  const tail = new ResultTail((bytes) => output.write(1, bytes));
  const { argument, input } = given(value, text);
  const args = Buffer.byteLength(argument) < MAX_ARGUMENT ? [argument] : [];
  const named = pipes.open(input);
  let child;
  try {
    child = spawn(file, args, { cwd: folder, env, stdio: named?.child ?? "pipe" });
  } catch (error) {
    named?.started();
    named?.close();
    return cannotStart(error);
  }
  named?.started();
  const { stdout, stderr } = named ?? child;
  let lastWords = Buffer.alloc(0);
  let heard = 0;
  stdout.on("data", (chunk) => {
    heard++;
    tail.push(chunk);
  });
  stderr.on("data", (chunk) => {
    heard++;
    output.write(2, chunk);
    lastWords = Buffer.concat([lastWords, chunk]).subarray(-STDERR_SHOWN);
  });
  // A program need not read what it is given.
  child.stdin?.on("error", () => {}).end(input);
  const printed = Promise.all([stdout, stderr].map((stream) => new Promise((end) => stream.once("close", end))));
  const ended = await new Promise((resolve) => {
    child.once("error", (error) => resolve({ error }));
    child.once("exit", (code, signal) => {
      void printed.then(() => resolve({ code, signal }));
      let before = -1;
      const until = Date.now() + LAST_WORDS;
      const look = () => {
        if (heard === before || Date.now() > until) return resolve({ code, signal });
        before = heard;
        setTimeout(look, SILENCE).unref();
      };
      setTimeout(look, SILENCE).unref();
    });
  });
  named?.close();
  for (const stream of [stdout, stderr, child.stdin]) stream?.destroy();
  return ended.error === undefined ? outcome(tail, ended, lastWords) : cannotStart(ended.error);
}

/** What the program is told. A file is a web request's body: text as it came, or base64 of bytes. */
function given(value, text) {
  const body = value.__ow_body;
  const headers = value.__ow_headers;
  if (typeof body !== "string" || headers === null || typeof headers !== "object" || Array.isArray(value))
    return { argument: text, input: text };
  const { __ow_body: _, ...rest } = value;
  const given = { type: String(headers["content-type"] ?? ""), raw: Object.hasOwn(value, "__ow_query") };
  return { argument: JSON.stringify(rest), input: webBody.bytesOf(body, given) };
}

function outcome(tail, { code, signal }, stderr) {
  const { text: whole, overlong } = tail.end();
  const text = isResult(whole) ? whole : tail.lastLineOnly();
  const result = isResult(text) ? text : undefined;
  if (result === undefined) tail.release();
  if (code === 0) {
    if (result !== undefined) return { status: 200, text: result };
    const why = overlong
      ? `The last line of the action's output is longer than the ${MAX_HELD} bytes a result may have.`
      : "The action did not return a dictionary or array.";
    output.say(overlong ? why : "Result must be a JSON dictionary or array on the last line of stdout.");
    return failure(502, why);
  }
  const message = signal === null ? `The action ended with exit code ${code}.` : `The action was ended by ${signal}.`;
  const error = {
    message,
    exitCode: code ?? 128 + (constants.signals[signal] ?? 0),
    ...(stderr.length === 0 ? {} : { stderr: stderr.toString("utf8") }),
  };
  const head = JSON.stringify(error);
  return {
    status: 200,
    text: `{"error":${result === undefined ? head : `${head.slice(0, -1)},"result":${result}}`}}`,
  };
}

function isResult(text) {
  if (text[0] !== "{" && text[0] !== "[") return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function cannotStart(error) {
  const why = `The action's program cannot be started: ${error.message}.`;
  output.say(why);
  return failure(502, why);
}

function failure(status, error) {
  return { status, text: JSON.stringify({ error }) };
}

module.exports = { runProgram };
