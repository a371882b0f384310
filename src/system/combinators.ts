// The package `combinators`: actions that call other actions by name, and go on by how those ended.

import type { SystemPackage } from "./system-package.ts";

const ACTION = { name: "$actionName", required: true, type: "string", description: "The action that is called" };
const KEYED = { "provide-api-key": true };

/** What all of them begin with: `parted(args)` gives a caller of actions and the arguments
 * without those for the combinator. */
const CALLER = `const openwhisk = require("openwhisk");

// Takes the combinator's own arguments away; call(name, params) resolves to what the action answered.
function parted(args, own) {
  const { $ignore_certs: lax, ...rest } = args;
  const wsk = openwhisk({ ignore_certs: lax || false });
  const taken = {};
  for (const key of own) {
    taken[key] = rest[key];
    delete rest[key];
  }
  const call = async (actionName, params) =>
    (await wsk.actions.invoke({ actionName, params, blocking: true })).response.result;
  return { taken, rest, call };
}

// What a failed call answered, if the action itself answered.
function answerOf(error) {
  return error && error.error && error.error.response && error.error.response.result;
}

const expected = (name, more) => ({ error: "Expected an argument '" + name + "' of type 'string'" + (more || ".") });
`;

/** `combinators` as OpenWhisk's catalog had it. */
export const COMBINATORS: SystemPackage = {
  name: "combinators",
  notes: { description: "Actions that put other actions together" },
  actions: {
    eca: {
      notes: {
        ...KEYED,
        description: "Calls an action if another one, the condition, ends without an error",
        parameters: [
          { name: "$conditionName", required: true, type: "string", description: "The action that says whether" },
          ACTION,
        ],
        sampleInput: { $conditionName: "utils/echo", $actionName: "utils/echo", error: true },
        sampleOutput: { $eca: "Condition was false." },
      },
      code: `${CALLER}
async function main(args) {
  const { taken, rest, call } = parted(args, ["$conditionName", "$actionName"]);
  const { $conditionName: condition, $actionName: action } = taken;
  if (typeof condition !== "string") return expected("$conditionName");
  if (typeof action !== "string") return expected("$actionName");
  try {
    await call(condition, rest);
  } catch {
    return { $eca: "Condition was false." };
  }
  try {
    return await call(action, rest);
  } catch (error) {
    console.log(error);
    return { error: "There was a problem invoking " + action };
  }
}
`,
    },
    forwarder: {
      notes: {
        ...KEYED,
        description: "Calls an action with some arguments, and puts others beside its answer",
        parameters: [
          ACTION,
          { name: "$actionArgs", required: true, type: "array", description: "Names of the arguments it gets" },
          { name: "$forward", required: true, type: "array", description: "Names of those put beside its answer" },
        ],
        sampleInput: { $actionName: "utils/echo", $actionArgs: ["x"], $forward: ["y"], x: 1, y: 2 },
        sampleOutput: { x: 1, y: 2 },
      },
      code: `${CALLER}
async function main(args) {
  const { taken, rest, call } = parted(args, ["$actionName", "$actionArgs", "$forward"]);
  const { $actionName: action, $actionArgs: names, $forward: forwarded } = taken;
  if (typeof action !== "string") return expected("$actionName");
  if (!Array.isArray(names)) return { error: "Expected an array argument '$actionArgs'." };
  if (!Array.isArray(forwarded)) return { error: "Expected an array argument '$forward'." };
  const pick = (keys) => Object.fromEntries(keys.map((key) => [key, rest[key]]));
  try {
    return { ...pick(forwarded), ...(await call(action, pick(names))) };
  } catch (error) {
    console.log(error);
    return { error: "There was a problem invoking " + action };
  }
}
`,
    },
    retry: {
      notes: {
        ...KEYED,
        description: "Calls an action again while it fails, so many times",
        parameters: [
          ACTION,
          { name: "$attempts", required: true, type: "integer", description: "How often at most; at least 1" },
        ],
        sampleInput: { $actionName: "utils/echo", $attempts: 3, error: true },
        sampleOutput: { error: "Invocation failed. No retries left." },
      },
      code: `${CALLER}
async function main(args) {
  const { taken, rest, call } = parted(args, ["$actionName", "$attempts"]);
  const { $actionName: action, $attempts: attempts } = taken;
  if (typeof action !== "string") return expected("$actionName", ", got '" + action + "'.");
  if (typeof attempts !== "number" || !(attempts >= 1)) {
    const wanted = "Expected an argument '$attempts' of type 'number' and greater than zero";
    return { error: wanted + ", got '" + attempts + "'." };
  }
  for (let left = attempts; left > 0; left--) {
    try {
      return await call(action, rest);
    } catch {
      console.log("attempt " + left + " failed, retrying");
    }
  }
  return { error: "Invocation failed. No retries left." };
}
`,
    },
    trycatch: {
      notes: {
        ...KEYED,
        description: "Calls an action, and another one with its error if it fails",
        parameters: [
          { name: "$tryName", required: true, type: "string", description: "The action that may fail" },
          { name: "$catchName", required: true, type: "string", description: "The action that gets the error" },
        ],
        sampleInput: { $tryName: "utils/echo", $catchName: "utils/echo", error: true },
        sampleOutput: { error: true },
      },
      code: `${CALLER}
async function main(args) {
  const { taken, rest, call } = parted(args, ["$tryName", "$catchName"]);
  const { $tryName: attempt, $catchName: rescue } = taken;
  if (typeof attempt !== "string") return expected("$tryName");
  if (typeof rescue !== "string") return expected("$catchName");
  let failure;
  try {
    return await call(attempt, rest);
  } catch (error) {
    console.log("try " + attempt + " failed, catching with " + rescue);
    failure = answerOf(error) || { error: error.message };
  }
  try {
    return await call(rescue, failure);
  } catch (error) {
    const answer = answerOf(error);
    return answer || { error: { message: "There was a problem invoking " + rescue + ".", cause: error.message } };
  }
}
`,
    },
  },
};
