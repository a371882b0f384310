// stdout and stderr, written synchronously: what an action printed is in the pipe before its end marker, and the marker
// before the answer to /run, even if the action exits or blocks the loop right after printing.
"use strict";

const fs = require("node:fs");
const { writeSync } = fs;
const quiet = require("./quiet.js");

const MARKER = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n";
const NEWLINE = 10;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const streams = [undefined, process.stdout, process.stderr];
/** Whether the last byte written to 1 and 2 left a line open. */
const open = [false, false, false];

function writeAll(fd, bytes) {
  if (bytes.length === 0) return;
  open[fd] = bytes[bytes.length - 1] !== NEWLINE;
  quiet.note();
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

function makeSynchronous(fd) {
  const stream = streams[fd];
  stream._handle?.setBlocking?.(true);
  stream._write = (chunk, encoding, done) => {
    writeAll(fd, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    done();
  };
  stream._writev = (parts, done) => {
    for (const { chunk, encoding } of parts) stream._write(chunk, encoding, () => {});
    done();
  };
}

/** Ends the activation on both streams; what a stream was told to hold back (cork) comes first. `mayOmit`: nothing need be
 * written where nothing was; returns whether it was so. */
function endOfActivation(mayOmit = false) {
  for (const fd of [1, 2]) while (streams[fd].writableCorked > 0) streams[fd].uncork();
  const omitted = quiet.wasQuiet() && mayOmit;
  if (!omitted) for (const fd of [1, 2]) writeAll(fd, Buffer.from(open[fd] ? `\n${MARKER}` : MARKER));
  quiet.forget();
  return omitted;
}

/** console.error for the runtime itself, which the action cannot replace. */
function error(...values) {
  const { inspect } = require("node:util");
  const shown = values.map((value) => (typeof value === "string" ? value : inspect(value)));
  writeAll(2, Buffer.from(`${shown.join(" ")}\n`));
}

makeSynchronous(1);
makeSynchronous(2);

module.exports = { endOfActivation, error };
