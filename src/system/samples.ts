// The package `samples`: actions to begin with. They are ordinary code, so that it can be read, saved and copied.

import type { SystemPackage } from "./system-package.ts";

const WORDS = { name: "payload", required: true, description: "The text whose words are counted" };
const LINES = { name: "lines", required: true, description: "The lines: an array" };
const NAME = { name: "name", required: false, description: "Who is greeted" };
const PLACE = { name: "place", required: false, description: "Where they come from" };
const BOTTLES = { lines: ["green", "red", "blue"] };

/** `samples` of OpenWhisk's catalog; what is written in Swift there is written in JavaScript here. */
export const SAMPLES: SystemPackage = {
  name: "samples",
  notes: { description: "Small actions to begin with" },
  actions: {
    greeting: {
      notes: {
        description: "Greets somebody from somewhere",
        parameters: [NAME, PLACE],
        sampleInput: { name: "Ada", place: "London" },
        sampleOutput: { payload: "Hello, Ada from London!" },
        sampleLogOutput: "2026-01-01T00:00:00.000000000Z stdout: params: { name: 'Ada', place: 'London' }",
      },
      code: `// Greets name (or payload) from place.
function main(params) {
  console.log("params:", params);
  const name = params.name || params.payload || "stranger";
  const place = params.place || "somewhere";
  return { payload: "Hello, " + name + " from " + place + "!" };
}
`,
    },
    helloWorld: {
      notes: {
        description: "Shows what becomes of what an action prints",
        parameters: [{ name: "payload", required: false, description: "What is put into the log line" }],
        sampleInput: { payload: "Ada" },
        sampleOutput: {},
        sampleLogOutput: "2026-01-01T00:00:00.000000000Z stdout: hello Ada!",
      },
      code: `// Says hello to the log, and answers nothing.
function main(params) {
  console.log("hello " + params.payload + "!");
}
`,
    },
    helloPromises: {
      notes: {
        description: "Calls another action, and answers when that has answered",
        "provide-api-key": true,
        parameters: [NAME, PLACE],
        sampleInput: { name: "Ada", place: "London" },
        sampleOutput: { lines: ["Hello,", "Ada", "from", "London!"] },
      },
      code: `const openwhisk = require("openwhisk");

// The words of what the sample greeting answers.
async function main(params) {
  const wsk = openwhisk({ ignore_certs: params.ignore_certs || false });
  const activation = await wsk.actions.invoke({
    actionName: "/whisk.system/samples/greeting",
    params: { name: params.name, place: params.place },
    blocking: true,
  });
  console.log("activation:", activation);
  return { lines: String(activation.response.result.payload).split(" ") };
}
`,
    },
    wordCount: {
      notes: {
        description: "Counts the words of a text",
        parameters: [WORDS],
        sampleInput: { payload: "three green bottles" },
        sampleOutput: { count: 3 },
        sampleLogOutput: "2026-01-01T00:00:00.000000000Z stdout: The message 'three green bottles' has 3 words",
      },
      code: `function main(params) {
  const text = params.payload.toString();
  const count = text.split(" ").length;
  console.log("The message '" + text + "' has", count, "words");
  return { count };
}
`,
    },
    wordCountAsync: {
      notes: {
        description: "Counts the words of a text, and answers with a promise",
        parameters: [WORDS],
        sampleInput: { payload: "three green bottles" },
        sampleOutput: { count: 3 },
      },
      code: `const { setTimeout: pause } = require("node:timers/promises");

async function main(params) {
  await pause(100);
  const text = params.payload;
  const count = text.split(" ").length;
  console.log("The message '" + text + "' has", count, "words");
  return { count };
}
`,
    },
    countdown: {
      notes: {
        description: "Calls itself with one less until nothing is left",
        "provide-api-key": true,
        parameters: [{ name: "n", required: false, description: "How often it calls itself" }],
        sampleInput: { n: 5 },
        sampleOutput: { activationId: "6f2c0a1b9d3e4c5f8a7b6c5d4e3f2a1b" },
        sampleLogOutput: "2026-01-01T00:00:00.000000000Z stdout: 5",
      },
      code: `const openwhisk = require("openwhisk");

function main(params) {
  const n = Number.parseInt(params.n, 10);
  console.log(n);
  if (n === 0) console.log("Happy New Year!");
  if (!(n > 0)) return {};
  const wsk = openwhisk({ ignore_certs: params.ignore_certs || false });
  return wsk.actions.invoke({ actionName: process.env.__OW_ACTION_NAME, params: { n: n - 1 } });
}
`,
    },
    curl: {
      notes: {
        description: "Fetches what is at an address",
        parameters: [{ name: "payload", required: true, description: "The address; http:// if it names no scheme" }],
        sampleInput: { payload: "example.com" },
        sampleOutput: { msg: "what example.com answered" },
      },
      code: String.raw`// Follows no redirect, and answers with the text of whatever came, or with why nothing did.
async function main(params) {
  const address = String(params.payload);
  console.log("Curl to " + address);
  const msg = await textAt(/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : "http://" + address);
  console.log(msg);
  return { msg };
}

async function textAt(address) {
  if (!URL.canParse(address)) return "curl: (3) URL using bad/illegal format or missing URL";
  try {
    const answer = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(20000) });
    return await answer.text();
  } catch (error) {
    const { code } = error.cause || {};
    if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
      return "curl: (6) Could not resolve host: " + new URL(address).hostname;
    }
    return "curl: (7) Failed to connect: " + (code || error.message);
  }
}
`,
    },
    printParams: {
      notes: {
        description: "Prints its parameters, by name",
        parameters: [],
        sampleInput: { z: 2, b: 5 },
        sampleOutput: { params: { b: 5, z: 2 } },
      },
      code: `function main(params) {
  const sorted = {};
  for (const key of Object.keys(params).sort()) {
    console.log("params." + key + ":", params[key]);
    sorted[key] = params[key];
  }
  return { params: sorted };
}
`,
    },
    cat: {
      notes: {
        description: "Puts lines together, each with its end",
        parameters: [LINES],
        sampleInput: BOTTLES,
        sampleOutput: { ...BOTTLES, payload: "green\nred\nblue\n" },
      },
      code: String.raw`function main({ lines }) {
  if (!Array.isArray(lines)) return { error: "You must specify a lines parameter!" };
  return { lines, payload: lines.map((line) => line + "\n").join("") };
}
`,
    },
    head: {
      notes: {
        description: "The first of an array's lines",
        parameters: [LINES, { name: "num", required: false, description: "How many; 1 if not given" }],
        sampleInput: { ...BOTTLES, num: 2 },
        sampleOutput: { lines: ["green", "red"], num: 2 },
      },
      code: `function main({ lines, num }) {
  if (!Array.isArray(lines)) return { error: "You must specify a lines parameter!" };
  const count = typeof num === "number" ? Math.max(0, Math.trunc(num)) : 1;
  return { lines: lines.slice(0, count), num: count };
}
`,
    },
    invoke: {
      notes: {
        description: "Asks the action date, and prints what it answers",
        "provide-api-key": true,
        parameters: [],
        sampleInput: {},
        sampleOutput: { response: { result: { date: "2026-01-01T00:00:00.000Z" }, status: "success", success: true } },
        sampleLogOutput: "2026-01-01T00:00:00.000000000Z stdout: It is now 2026-01-01T00:00:00.000Z",
      },
      code: `const openwhisk = require("openwhisk");

async function main() {
  const activation = await openwhisk().actions.invoke({ actionName: "/whisk.system/utils/date", blocking: true });
  const { date } = activation.response.result;
  console.log(date === undefined ? "The answer holds no date." : "It is now " + date);
  return activation;
}
`,
    },
  },
};
