// The one action of this process: taken in by init, called by run. Both answer {status, text} and never throw; the
// statuses and error texts are those of OpenWhisk's nodejs runtime, except 503 for a second run while one is running.
"use strict";

const environment = require("./environment.js");
const journal = require("./journal.js");
const output = require("./output.js");
const quiet = require("./quiet.js");
const runs = require("./runs.js");

const concurrent = (process.env.__OW_ALLOW_CONCURRENT ?? "").toLowerCase() === "true";

/** ready, starting, running or stopped */
let state = "ready";
let handler;
/** No run has begun. */
let fresh = true;
/** Runs under way. */
let running = 0;

const text = (status, body) => ({ status, text: JSON.stringify(body) });
const failure = (status, error) => text(status, { error });

function refuse(status, reason) {
  output.error("Internal system error:", reason);
  return failure(status, reason);
}

async function init(message) {
  if (handler !== undefined) return refuse(403, "Cannot initialize the action more than once.");
  if (state !== "ready") return refuse(403, `System not ready, status is ${state}.`);
  const { main = "main", code, binary, env } = message.value ?? {};
  if (typeof main !== "string" || typeof code !== "string" || main === "" || code === "")
    return failure(403, "Missing main/no code to execute.");
  state = "starting";
  try {
    environment.atInit(env);
    handler = await require("./load.js").load({ main, code, binary: binary === true });
    state = "ready";
    return text(200, { OK: true });
  } catch (error) {
    state = "stopped";
    output.error("Error during initialization:", error);
    output.endOfActivation();
    return failure(502, `Initialization has failed due to: ${describe(error)}`);
  }
}

/** @param {{mayOmit: boolean, name?: string, journal?: string}} options `mayOmit`: the host needs no end markers of a
 * run that prints nothing; `name`: what to write before what it prints, where runs may overlap; `journal`:
 * which one it reads next */
async function run(message, { mayOmit, name, journal: next }) {
  if (handler === undefined) return refuse(403, "System not initialized.");
  if (state === "running") return refuse(503, "System not ready, status is running.");
  // It came while another run's exception stopped the action: nothing has begun, another container may take it.
  if (state !== "ready" && name !== undefined) return failure(503, `System not ready, status is ${state}.`);
  if (state !== "ready") return refuse(403, `System not ready, status is ${state}.`);
  const value = message.value ?? {};
  if (typeof value !== "object")
    return refuse(
      403,
      `Internal system error: the argument must be a dictionary but has type '${typeof message.value}'.`,
    );
  if (!concurrent) state = "running";
  if (next !== undefined) journal.select(next, running === 0);
  if (name === undefined) return perform(message, value, mayOmit);
  // What init printed is still on its way in the first run.
  const notes = fresh ? 0 : quiet.count();
  fresh = false;
  return runs.within(new runs.NamedRun(name, notes), () => perform(message, value, mayOmit));
}

async function perform(message, value, mayOmit) {
  environment.atRun(message);
  running += 1;
  let outcome;
  try {
    outcome = await call(value);
  } catch (error) {
    state = "stopped";
    output.error(error);
    outcome = failure(502, `An error has occurred: ${name(error)}`);
  }
  running -= 1;
  if (state === "running") state = "ready";
  outcome.quiet = output.endOfActivation(mayOmit);
  return outcome;
}

/** Throws what the action throws; a rejected promise is a result, as is whatever cannot be one. */
async function call(value) {
  const returned = handler(value);
  let result;
  try {
    result = await returned;
  } catch (reason) {
    return text(200, { error: require("./serialize-error.js").serializeError(reason) });
  }
  if (result === undefined) result = {};
  if (typeof result !== "object") {
    output.error(`Result must be of type object but has type "${typeof result}":`, result);
    return failure(502, "The action did not return a dictionary.");
  }
  return { status: 200, text: JSON.stringify(result) ?? "null" };
}

function describe(error) {
  return typeof error?.stack === "string" && error.stack !== "" ? error.stack : name(error);
}

/** `${error}`, which throws for a symbol or an object without a prototype. */
function name(error) {
  try {
    return `${error}`;
  } catch {
    return Object.prototype.toString.call(error);
  }
}

module.exports = { init, run };
