// stdout and stderr of the runtime, written synchronously: what the program printed is in the pipe before its end
// marker, and the marker before the answer to /run. Everything a program prints passes here, so whether it was quiet is
// known, and where there is a journal all of it goes there instead, and counts as nothing printed here.
"use strict";

const { writeSync } = require("node:fs");
const journal = require("../nodejs/journal.js");

const MARKER = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n";
const NEWLINE = 10;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** Whether the last byte printed on 1 and 2 left a line open. */
const open = [false, false, false];
let printed = false;

/** @param {1 | 2} fd @param {Buffer} bytes */
function write(fd, bytes) {
  if (bytes.length === 0) return;
  open[fd] = bytes[bytes.length - 1] !== NEWLINE;
  if (!journal.write(0, fd, bytes)) put(fd, bytes);
}

function put(fd, bytes) {
  printed = true;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      // Anything else: nobody reads any more.
      if (error.code !== "EAGAIN") return;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

/** A line of the runtime itself, on stderr. */
function say(text) {
  write(2, Buffer.from(`${open[2] ? "\n" : ""}${text}\n`));
}

/** Ends the activation on both streams. `mayOmit`: the markers are not needed where nothing was printed; returns
 * whether they were left out. */
function endOfActivation(mayOmit = false) {
  const omitted = mayOmit && !printed;
  if (!omitted) for (const fd of [1, 2]) put(fd, Buffer.from(open[fd] ? `\n${MARKER}` : MARKER));
  open.fill(false);
  printed = false;
  return omitted;
}

module.exports = { write, say, endOfActivation };
