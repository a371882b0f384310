// Actions only the nodejs runtimes know.
import { zipCode } from "../support/zip.ts";
import { archive, type Case, matching } from "./runtime-case.ts";

const ESM = "import { sep } from 'node:path';\nexport async function main(args) { return { sep, args }; }";

export const NODEJS_CASES: Case[] = [
  {
    name: "turns undefined into an empty dictionary",
    init: "function main() {}",
    answer: { status: 200, body: {} },
  },
  {
    name: "answers a thrown exception as the developer's error",
    init: "function main() { throw 'nooooo'; }",
    answer: { status: 502, body: { error: "An error has occurred: nooooo" } },
    stderr: /nooooo/,
  },
  {
    name: "survives throwing what cannot be shown",
    init: "function main() { throw Object.create(null); }",
    answer: { status: 502, body: { error: "An error has occurred: [object Object]" } },
    stderr: /./,
  },
  {
    name: "answers a rejected promise as the application's error",
    init: "function main() { return Promise.reject({ done: true, list: [1, () => 1] }); }",
    answer: { status: 200, body: { error: { done: true, list: [1] } } },
  },
  {
    name: "answers an empty rejection with an empty error",
    init: "function main() { return Promise.reject(); }",
    answer: { status: 200, body: { error: {} } },
  },
  {
    name: "shows name, message, stack and code of an error thrown by an async function",
    init: "async function main() { const e = new RangeError('app error'); e.code = 'E1'; e.self = e; throw e; }",
    answer: {
      status: 200,
      body: {
        error: {
          name: "RangeError",
          message: "app error",
          stack: matching(/^RangeError: app error/),
          code: "E1",
          self: "[Circular]",
        },
      },
    },
  },
  {
    name: "refuses a result that cannot be JSON",
    init: "function main() { const a = {}; a.a = a; return a; }",
    answer: { status: 502, body: { error: matching(/^An error has occurred: TypeError: Converting circular/) } },
    stderr: /circular/,
  },
  ...[
    "exports.main = (a) => a;",
    "module.exports.main = (a) => a;",
    "module.exports = { main: (a) => a };",
    "module.exports = (a) => a;",
    "global.main = (a) => a;",
    "const require = 1, module = 2, exports = 3; function main(a) { return a; } // last line",
    "'use strict'; const main = (a) => a;",
    "export default (a) => a;",
  ].map(
    (code): Case => ({ name: `runs ${code}`, init: code, args: { a: 1 }, answer: { status: 200, body: { a: 1 } } }),
  ),
  {
    name: "runs an ES module as plain source",
    init: ESM,
    args: { a: 1 },
    answer: { status: 200, body: { sep: "/", args: { a: 1 } } },
  },
  {
    name: "runs an archive whose package.json says it is an ES module",
    init: archive(zipCode({ "package.json": '{"type":"module","main":"lib/a.js"}', "lib/a.js": ESM })),
    answer: { status: 200, body: { sep: "/", args: {} } },
  },
  {
    name: "runs an archive with only an index.mjs, awaiting at its top level",
    init: archive(zipCode({ "index.mjs": "const x = await 1; export const main = () => ({ x });" })),
    answer: { status: 200, body: { x: 1 } },
  },
  {
    name: "runs file and nested member named by main",
    init: {
      ...archive(zipCode({ "other.js": "exports.a = { b: () => ({ ok: true }) };", "index.js": "" })),
      main: "other.a.b",
    },
    answer: { status: 200, body: { ok: true } },
  },
  {
    name: "prefers the packages of the archive",
    init: archive(
      zipCode({
        "package.json": '{"main":"index.js"}',
        "index.js": "exports.main = () => ({ v: require('openwhisk').mine });",
        "node_modules/openwhisk/index.js": "exports.mine = 'mine';",
      }),
    ),
    answer: { status: 200, body: { v: "mine" } },
  },
  ...[
    ["plain source", { code: "function main() { return { type: typeof require('openwhisk')().actions.invoke }; }" }],
    [
      "an ES module",
      { code: "import ow from 'openwhisk'; export const main = () => ({ type: typeof ow().actions.invoke });" },
    ],
    [
      "an archive",
      {
        binary: true,
        code: zipCode({
          "index.js": "const ow = require('openwhisk'); exports.main = () => ({ type: typeof ow().actions.invoke });",
        }),
      },
    ],
  ].map(
    ([what, value]): Case => ({
      name: `has the openwhisk package for ${what}, configured by the environment`,
      init: { name: "test", main: "main", ...(value as object) },
      env: { __OW_API_HOST: "http://127.0.0.1:1" },
      context: { api_key: "uuid:key", namespace: "guest", transaction_id: "t" },
      answer: { status: 200, body: { type: "function" } },
    }),
  ),
  {
    name: "refuses an archive without an entry",
    init: archive(zipCode({ hello: "Hello world!" })),
    initAnswer: { status: 502, error: /Zipped actions must contain either package\.json or index\.js at the root\./ },
    stderr: /Zipped actions must contain/,
  },
  {
    name: "refuses a main that is no name",
    init: { name: "test", main: "main(process.exit())", code: "function main() {}" },
    initAnswer: { status: 502, error: /Name of main function is not valid/ },
    stderr: /not valid/,
  },
  {
    name: "coerces what an action assigns to the environment",
    init: "function main() { process.env.N = 1; delete process.env.PATH; return { n: process.env.N, path: 'PATH' in process.env }; }",
    answer: { status: 200, body: { n: "1", path: false } },
  },
  {
    name: "lets an action ask for a collection",
    init: "function main() { global.gc(); return { gc: typeof gc }; }",
    answer: { status: 200, body: { gc: "function" } },
  },
];
