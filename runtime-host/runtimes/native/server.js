// The door of the native runtime: HTTP in front of one program.
"use strict";

const http = require("node:http");
const action = require("./action.js");

const MAX_BODY = 128 * 1024 * 1024;
const NEVER = 2 ** 31 - 1;
const HELLO = JSON.stringify({
  ...{ edgewhisk: 1, kind: "native", version: process.versions.node },
  /** What runs print goes into journals where there are some. */
  ...{ concurrent: false, journals: true },
});
/** In a request: end markers may be left out where a run prints nothing. In an answer: it was so. */
const QUIET = "x-edgewhisk-quiet";
/** In a request: into which of its two journals the runtime writes from now on. */
const JOURNAL = "x-edgewhisk-journal";
const BAD_REQUEST = { status: 500, text: JSON.stringify({ error: "Bad request." }) };
const TOO_LARGE = { status: 413, text: JSON.stringify({ error: "The request is larger than the runtime accepts." }) };
const VERBS = { "/init": action.init, "/run": action.run };

function answer(response, { status, text, quiet }) {
  response.sendDate = false;
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) };
  if (quiet) headers[QUIET] = "1";
  response.writeHead(status, headers);
  response.end(text);
}

function serve(request, response) {
  const { method, url } = request;
  if (method === "GET" && url === "/hello") return answer(response, { status: 200, text: HELLO });
  let chunks = [];
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size > MAX_BODY) chunks = [];
    else chunks.push(chunk);
  });
  request.on("end", () => {
    if (size > MAX_BODY) return answer(response, TOO_LARGE);
    const verb = method === "POST" && Object.hasOwn(VERBS, url) ? VERBS[url] : undefined;
    const text = Buffer.concat(chunks).toString("utf8");
    const message = verb === undefined ? undefined : parsed(text);
    if (verb === undefined || message === undefined) return answer(response, BAD_REQUEST);
    const given = message !== null && typeof message === "object" ? message : {};
    const options = { text, mayOmit: request.headers[QUIET] !== undefined, journal: request.headers[JOURNAL] };
    verb(given, options).then((outcome) => answer(response, outcome));
  });
}

function parsed(text) {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
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
});
// As process 1 of a container there is no default for these.
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(0));
