// stdout and stderr, written synchronously: what an action printed is in the pipe before its end marker, and the marker
// before the answer to /run, even if the action exits or blocks the loop right after printing. What a named run prints
// goes out in records: NUL, its name, five hex digits of length, so many bytes. A record without bytes is its end
// marker. Where there is a journal and nobody else can print, all of it goes there instead,
// and counts as nothing printed here.
"use strict";

const fs = require("node:fs");
const { writeSync } = fs;
const environment = require("./environment.js");
// Before quiet.js watches who writes.
const journal = require("./journal.js");
const quiet = require("./quiet.js");
const runs = require("./runs.js");

const MARKER = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n";
const NEWLINE = 10;
const HEAD = 30;
/** A pipe takes so much at once, or nothing: no child process or thread can write into the middle of it. */
const ATOMIC = 4096;
const LARGEST = 0xffff;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const streams = [undefined, process.stdout, process.stderr];
/** Whether the last byte written to 1 and 2 left a line open. */
const open = [false, false, false];
/** Stands for the run of what has none. */
const nobody = { written: [] };

function put(fd, bytes) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      // A child process sharing the pipe may have made it non-blocking. Anything else: nobody reads any more.
      if (error.code !== "EAGAIN") return;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

function record(run, bytes) {
  const head = `\0${run.name}${bytes.length.toString(16).padStart(5, "0")}`;
  return bytes.length === 0 ? Buffer.from(head) : Buffer.concat([Buffer.from(head), bytes], HEAD + bytes.length);
}

/** For what is on its way to a stream; false where that is where it has to go. */
function journaled(fd, data, run) {
  return quiet.alone() && journal.write(run === undefined ? 0 : run.number, fd, data);
}

function writeNamed(run, fd, bytes) {
  if (bytes.length === 0) return;
  run.printed = true;
  const most = quiet.alone() ? LARGEST : ATOMIC - HEAD;
  for (let at = 0; at < bytes.length; at += most) put(fd, record(run, bytes.subarray(at, at + most)));
}

function writeAll(fd, bytes) {
  const run = runs.current();
  if (bytes.length === 0 || journaled(fd, bytes, run)) return;
  if (run !== undefined) return writeNamed(run, fd, bytes);
  open[fd] = bytes[bytes.length - 1] !== NEWLINE;
  quiet.note();
  put(fd, bytes);
}

function makeSynchronous(fd) {
  const stream = streams[fd];
  const { write } = stream;
  stream._handle?.setBlocking?.(true);
  stream._write = (chunk, encoding, done) => {
    writeAll(fd, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    done();
  };
  stream._writev = (parts, done) => {
    for (const { chunk, encoding } of parts) stream._write(chunk, encoding, () => {});
    done();
  };
  // What one run corks must not hold back, nor be given, what another writes.
  stream.write = function (...args) {
    const [data, encoding] = args;
    const run = runs.current();
    const isText = typeof data === "string" && (typeof encoding !== "string" || /^utf-?8$/i.test(encoding));
    const held = run === undefined && stream.writableCorked > 0;
    if (isText && !held && stream.writable && journaled(fd, data, run)) return written(args, run);
    const bytes = run === undefined ? undefined : bytesOf(data, typeof encoding === "string" ? encoding : undefined);
    if (bytes === undefined) return write.apply(this, args);
    if (!journaled(fd, bytes, run)) writeNamed(run, fd, bytes);
    return written(args, run);
  };
}

/** Whoever waits for a write hears of it soon, in its run's context; console gives each line such a function. */
function written(args, run = nobody) {
  const done = typeof args[1] === "function" ? args[1] : args[2];
  if (typeof done !== "function") return true;
  if (run.written.push(done) === 1) process.nextTick(tell, run);
  return true;
}

function tell(run) {
  for (const done of run.written.splice(0)) done(null);
}

/** Undefined for what cannot be written. */
function bytesOf(data, encoding) {
  if (typeof data === "string") {
    return Buffer.from(data, encoding !== undefined && Buffer.isEncoding(encoding) ? encoding : "utf8");
  }
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : undefined;
}

/** fs.write and fs.writeSync to 1 or 2 by a named run, or while there is a journal:
 * how many bytes were taken, or undefined. */
quiet.divert(([fd, data, ...rest]) => {
  const run = runs.current();
  if (run === undefined && !journal.takes()) return undefined;
  const text = typeof data === "string";
  let bytes = bytesOf(data, text && typeof rest[1] === "string" ? rest[1] : undefined);
  if (bytes === undefined) return undefined;
  if (!text) {
    const { offset = 0, length = bytes.length - offset } =
      typeof rest[0] === "object" && rest[0] !== null ? rest[0] : { offset: number(rest[0]), length: number(rest[1]) };
    bytes = bytes.subarray(offset, offset + length);
  }
  if (!journaled(fd, bytes, run)) {
    if (run === undefined) return undefined;
    writeNamed(run, fd, bytes);
  }
  return bytes.length;
});

function number(value) {
  return typeof value === "number" ? value : undefined;
}

/** Ends the activation on both streams; what a stream was told to hold back (cork) comes first. `mayOmit`: nothing need
 * be written where nothing was; returns whether it was so. */
function endOfActivation(mayOmit = false) {
  const run = runs.current();
  if (run !== undefined) {
    const silent = mayOmit && !run.printed && quiet.noneSince(run.notes);
    if (!silent) for (const fd of [1, 2]) put(fd, record(run, Buffer.alloc(0)));
    return silent;
  }
  for (const fd of [1, 2]) while (streams[fd].writableCorked > 0) streams[fd].uncork();
  const omitted = quiet.wasQuiet() && mayOmit;
  if (!omitted) for (const fd of [1, 2]) put(fd, Buffer.from(open[fd] ? `\n${MARKER}` : MARKER));
  open.fill(false);
  quiet.forget();
  return omitted;
}

/** console.error for the runtime itself, which the action cannot replace. */
function error(...values) {
  const { inspect } = require("node:util");
  const shown = values.map((value) => (typeof value === "string" ? value : inspect(value)));
  writeAll(2, Buffer.from(`${shown.join(" ")}\n`));
}

journal.use(environment.journals);
makeSynchronous(1);
makeSynchronous(2);

module.exports = { endOfActivation, error };
