// What runs print, appended to a file that the host reads when they end: nobody has to wake up for a line, and what was
// written survives this process, however it ends. The host names two such files and says with a run when to go over to
// the other one. A record: 0x1e, stream (1 or 2), run (uint32, 0 = nobody in particular), ms since 1970 (float64),
// length (uint32), so many bytes; all little-endian.
"use strict";

const { openSync, closeSync, writeSync } = require("node:fs");

const HEAD = 18;
const RECORD = 64 * 1024;
/** Bytes of UTF-8 for one UTF-16 unit, at most. */
const WIDEST = 3;
/** Bytes in one file, which may be memory that counts as this container's. What is longer takes the streams, whose
 * reader is woken while it is written. */
const MOST = 2 * 1024 * 1024;

let paths = [];
let at = 0;
let fd = -1;
let written = 0;
let full = false;
/** Also where there is none. */
let broken = true;
let scratch;

/** @param {string[]} files both, or none */
function use(files) {
  paths = files;
  broken = files.length === 0;
}

function takes() {
  if (broken || full) return false;
  if (fd >= 0) return true;
  try {
    fd = openSync(paths[at], "a");
    scratch ??= Buffer.alloc(HEAD + RECORD, 0x1e);
  } catch {
    broken = true;
  }
  return !broken;
}

/** @param {string | Uint8Array} data text is taken as UTF-8. False where the streams have to take it, all of it. */
function write(run, stream, data) {
  if (!takes()) return false;
  if (typeof data === "string") {
    if (data.length * WIDEST <= RECORD) {
      if (written + HEAD + data.length * WIDEST > MOST) full = true;
      return !full && append(run, stream, scratch.utf8Write(data, HEAD));
    }
    data = Buffer.from(data);
  }
  if (written + HEAD + data.length > MOST) full = true;
  if (full) return false;
  for (let from = 0; from < data.length; from += RECORD) {
    const piece = data.subarray(from, from + RECORD);
    scratch.set(piece, HEAD);
    if (!append(run, stream, piece.length)) return from > 0;
  }
  return true;
}

function append(run, stream, length) {
  if (length === 0) return true;
  scratch[1] = stream;
  scratch.writeUInt32LE(run, 2);
  scratch.writeDoubleLE(Date.now(), 6);
  scratch.writeUInt32LE(length, 14);
  const end = HEAD + length;
  try {
    for (let done = 0; done < end; ) done += writeSync(fd, scratch, done, end - done);
    written += end;
    return true;
  } catch {
    // No room. The host leaves out a record that is not whole.
    broken = true;
    return false;
  }
}

/** The host has read the other file to its end, or has not begun this one. `alone`: no run is under way, so that what
 * went to the streams because this was full has been read. */
function select(name, alone) {
  const wanted = name === "b" ? 1 : 0;
  if (broken || wanted === at || (full && !alone)) return;
  if (fd >= 0) closeSync(fd);
  at = wanted;
  fd = -1;
  written = 0;
  full = false;
}

module.exports = { use, takes, write, select };
