// The door of the nodejs runtime: HTTP in front of one action. CommonJS on purpose: `import "node:http"` evaluates
// every export of that module, which doubles the start-up time on newer Nodes.
"use strict";

const http = require("node:http");

const MAX_BODY = 128 * 1024 * 1024;
const NEVER = 2 ** 31 - 1;
const HELLO = JSON.stringify({
  ...{ edgewhisk: 1, kind: "nodejs", version: process.versions.node },
  /** Runs may overlap, what each prints can be named, and goes into journals where there are some. */
  ...{ concurrent: true, named: true, journals: true },
});
/** In a request: end markers may be left out where a run prints nothing. In an answer: it was so. */
const QUIET = "x-edgewhisk-quiet";
/** In a request: the name of this run, which may overlap with others. */
const NAME = "x-edgewhisk-run";
/** In a request: into which of its two journals the runtime writes from now on. */
const JOURNAL = "x-edgewhisk-journal";
const NAMES = /^[0-9a-f]{24}$/;
const BAD_REQUEST = { status: 500, text: JSON.stringify({ error: "Bad request." }) };
const TOO_LARGE = { status: 413, text: JSON.stringify({ error: "The request is larger than the runtime accepts." }) };

/** Loaded after the socket is open: a connect must succeed as early as possible,
 * and the host is busy with it meanwhile. */
let action;

function warmUp() {
  action ??= require("./action.js");
  require("./load.js");
}

function answer(response, { status, text, quiet }) {
  response.sendDate = false;
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) };
  if (quiet) headers[QUIET] = "1";
  response.writeHead(status, headers);
  response.end(text);
}

/** The whole body, or undefined after having answered that it is too large. */
function readBody(request, then) {
  let chunks;
  let first;
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size > MAX_BODY) {
      chunks = undefined;
      first = undefined;
    } else if (first === undefined) first = chunk;
    else if (chunks === undefined) chunks = [first, chunk];
    else chunks.push(chunk);
  });
  request.on("end", () => {
    if (size > MAX_BODY) then(undefined);
    else then(chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks, size));
  });
}

function serve(request, response) {
  const { method, url } = request;
  if (method === "GET" && url === "/hello") return answer(response, { status: 200, text: HELLO });
  if (action === undefined) warmUp();
  const verb = method !== "POST" ? undefined : url === "/run" ? action.run : url === "/init" ? action.init : undefined;
  readBody(request, (body) => {
    if (body === undefined) return answer(response, TOO_LARGE);
    if (verb === undefined) return answer(response, BAD_REQUEST);
    let message;
    try {
      message = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
    } catch {
      return answer(response, BAD_REQUEST);
    }
    const given = message !== null && typeof message === "object" ? message : {};
    const name = request.headers[NAME];
    const options = { mayOmit: request.headers[QUIET] !== undefined };
    if (name !== undefined && NAMES.test(name)) options.name = name;
    if (request.headers[JOURNAL] !== undefined) options.journal = request.headers[JOURNAL];
    verb(given, options).then((outcome) => answer(response, outcome));
  });
}

/** `8080`, `127.0.0.1:8080` or `/absolute/socket`. */
function listenOptions(text) {
  if (text.startsWith("/")) return { path: text };
  const colon = text.lastIndexOf(":");
  return { host: colon < 0 ? "0.0.0.0" : text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

/** The host holds the other end of stdin: when it dies, however it dies, so do we. */
function dieWithParent() {
  const die = () => process.exit(0);
  process.stdin.on("end", die).on("error", die).resume();
}

const listen = process.env.EDGEWHISK_LISTEN || "8080";
const leash = process.env.EDGEWHISK_DIE_WITH_PARENT === "1";
// No idle close: the host owns the connection's life, and a close crossing a request would look like a crash.
const server = http.createServer({ requestTimeout: 0, headersTimeout: 0, connectionsCheckingInterval: NEVER }, serve);
server.keepAliveTimeout = 0;
server.timeout = 0;
server.on("error", (error) => {
  console.error(`cannot listen on ${listen}: ${error.message}`);
  process.exit(1);
});
server.listen(listenOptions(listen), () => {
  if (leash) dieWithParent();
  setImmediate(warmUp);
});
// As process 1 of a container there is no default for these.
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(0));
