// Whether a run has printed nothing. Then its end markers may be left out if the host says so: each costs a wake-up of
// four processes on its way through a container engine, more than the run itself. Where that cannot be known for sure
// (child processes, threads, addons, ways around process.stdout) the answer is no, for good.
"use strict";

// Loaded by every server that listens; asking for it costs nothing.
const children = require("node:child_process");
const fs = require("node:fs");

const THREADS = "NativeModule worker_threads";
/** Functions whose first argument may be one of the two streams, by number or by path. */
const WRITERS = ["writev", "writevSync"];
const OPENERS = ["open", "openSync", "writeFile", "writeFileSync", "appendFile", "appendFileSync", "createWriteStream"];
const OPENERS_LATER = ["open", "writeFile", "appendFile"];

let printed = false;
let unknowable = false;
let modules = 0;
/** How often something was printed that no run could be named for. */
let notes = 0;
let take = () => undefined;

function note() {
  printed = true;
  notes += 1;
}

/** `taker`: is shown the arguments of fs.write and fs.writeSync to 1 and 2; returns the bytes it has written itself. */
function divert(taker) {
  take = taker;
}

function count() {
  return notes;
}

/** True if nothing was printed, in nobody's name, since `count` was `before`. */
function noneSince(before) {
  return notes === before && !unknowable && !threadsPrint();
}

/** No child process, thread or addon can write between two bytes of ours. */
function alone() {
  return !unknowable && !threadsPrint();
}

function give(up) {
  unknowable ||= up;
}

/** True if nothing was printed since `forget`. */
function wasQuiet() {
  return !printed && !unknowable && !threadsPrint();
}

function forget() {
  printed = false;
}

/** Threads have an `fs` of their own. */
function threadsPrint() {
  const list = process.moduleLoadList;
  if (list.length === modules) return unknowable;
  give(list.indexOf(THREADS, modules) >= 0);
  modules = list.length;
  return unknowable;
}

function wrap(owner, name, before) {
  const original = owner[name];
  if (typeof original !== "function") return;
  const wrapped = function (...args) {
    const taken = before(args[0], args);
    return taken === undefined ? original.apply(this, args) : taken;
  };
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  owner[name] = wrapped;
}

function onWrite(to) {
  if (to === 1 || to === 2) note();
}

function onWriteSync(to, args) {
  if (to !== 1 && to !== 2) return undefined;
  const taken = take(args);
  if (taken === undefined) note();
  return taken;
}

function onWriteLater(to, args) {
  const done = args[args.length - 1];
  const taken = typeof done === "function" ? onWriteSync(to, args) : undefined;
  if (taken === undefined) return undefined;
  process.nextTick(done, null, taken, args[1]);
  return null;
}

function onOpen(path) {
  give(path === 1 || path === 2 || /^\/dev\/(std|fd|tty|pts)|^\/proc\/.*\/fd\//.test(String(path)));
}

wrap(fs, "writeSync", onWriteSync);
wrap(fs, "write", onWriteLater);
for (const name of WRITERS) wrap(fs, name, onWrite);
for (const name of OPENERS) wrap(fs, name, onOpen);
for (const name of OPENERS_LATER) wrap(fs.promises, name, onOpen);
// Whatever makes a child process comes through one of these.
wrap(children.ChildProcess.prototype, "spawn", () => give(true));
for (const name of ["spawnSync", "execSync", "execFileSync"]) wrap(children, name, () => give(true));
wrap(process, "dlopen", () => give(true));
wrap(process, "_rawDebug", note);
process.on("warning", note);
// What ES modules import by name was taken before.
require("node:module").syncBuiltinESMExports();

module.exports = { note, wasQuiet, forget, divert, count, noneSince, alone };
