// The one action of this process: taken in by init, started as a program of its own by each run. Both answer {status,
// text} and never throw. Statuses and texts are those of our nodejs runtime where they mean the same.
"use strict";

const journal = require("../nodejs/journal.js");
const { load } = require("./load.js");
const output = require("./output.js");
const { rawMember } = require("./raw-member.js");
const { runProgram } = require("./program.js");

/** ready, starting, running or stopped */
let state = "ready";
let program;
/** What every run of the program finds in its environment; the server's own variables are not among it. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("EDGEWHISK_")));

journal.use((process.env.EDGEWHISK_JOURNALS ?? "").split(":").filter(Boolean));

const failure = (status, error) => ({ status, text: JSON.stringify({ error }) });

function refuse(status, reason) {
  output.say(`Internal system error: ${reason}`);
  return failure(status, reason);
}

async function init(message) {
  if (program !== undefined) return refuse(403, "Cannot initialize the action more than once.");
  if (state !== "ready") return refuse(403, `System not ready, status is ${state}.`);
  const { main = "main", code, binary, env } = message.value ?? {};
  if (typeof main !== "string" || typeof code !== "string" || main === "" || code === "")
    return failure(403, "Missing main/no code to execute.");
  state = "starting";
  try {
    Object.assign(environment, variables(env));
    program = load({ main, code, binary: binary === true });
    state = "ready";
    return { status: 200, text: JSON.stringify({ OK: true }) };
  } catch (error) {
    state = "stopped";
    const why = typeof error === "string" ? error : String(error);
    output.say(`Error during initialization: ${why}`);
    output.endOfActivation();
    return failure(502, `Initialization has failed due to: ${why}`);
  }
}

/** @param {{text: string, mayOmit: boolean, journal?: string}} options `text`: the message as it came; `mayOmit`: the
 * host needs no end markers of a run that prints nothing; `journal`: which one it reads next */
async function run(message, { text, mayOmit, journal: next }) {
  if (program === undefined && state === "ready") return refuse(403, "System not initialized.");
  if (state === "running") return refuse(503, "System not ready, status is running.");
  if (state !== "ready") return refuse(403, `System not ready, status is ${state}.`);
  const value = message.value ?? {};
  if (typeof value !== "object")
    return refuse(
      403,
      `Internal system error: the argument must be a dictionary but has type '${typeof message.value}'.`,
    );
  state = "running";
  if (next !== undefined) journal.select(next, true);
  const env = { ...environment, ...ofRun(message) };
  const raw = message.value == null ? "{}" : (rawMember(text, "value") ?? "{}");
  const outcome = await runProgram({ ...program, value, text: raw, env });
  state = "ready";
  outcome.quiet = output.endOfActivation(mayOmit);
  return outcome;
}

/** What init brings: strings, but other values have been seen. */
function variables(env) {
  const found = {};
  if (env === null || typeof env !== "object") return found;
  for (const [key, value] of Object.entries(env)) {
    if (key === "" || key.includes("=") || key.includes("\0")) continue;
    const text = typeof value === "object" && value !== null ? JSON.stringify(value) : value ? String(value) : "";
    if (!text.includes("\0")) found[key] = text;
  }
  return found;
}

/** Every string beside `value` becomes `__OW_<NAME>`. */
function ofRun(message) {
  const found = {};
  for (const [key, value] of Object.entries(message))
    if (key !== "value" && typeof value === "string" && !value.includes("\0"))
      found[`__OW_${key.toUpperCase()}`] = value;
  return found;
}

module.exports = { init, run };
