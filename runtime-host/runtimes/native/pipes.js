// What a program has as its 0, 1 and 2. The pipes that Node makes are pairs of sockets, which nobody can open by path:
// `/dev/stdin`, `/dev/stdout` and `/dev/stderr` would not work. Its input is a file here, since a named pipe cannot be
// opened once all has been written; its outputs are named pipes, made by `mkfifo`, that serve one run after the other.
// One that somebody still holds after its run (a child of the program lives on) serves no other.
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const { Socket } = require("node:net");
const path = require("node:path");

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = fs.constants;
const A_RUN = 2;

class Pipes {
  #folder;
  #free = [];
  #made = 0;

  /** @param {string} folder theirs alone, not there yet */
  constructor(folder) {
    this.#folder = folder;
    fs.mkdirSync(folder);
  }

  /** For one run that is given `input`. Undefined where it cannot be had: no `mkfifo`, no room, or an action has
   * emptied the temporary folder. */
  open(input) {
    if (!this.#enough()) return undefined;
    const names = this.#free.splice(0, A_RUN);
    const opened = [];
    const open = (name, flags) => {
      opened.push(fs.openSync(name, flags));
      return opened.at(-1);
    };
    try {
      const stdin = path.join(this.#folder, "input");
      fs.writeFileSync(stdin, input, { mode: 0o600 });
      const child = [open(stdin, O_RDONLY)];
      fs.rmSync(stdin);
      // Opened at once, since somebody has the other end by then; only our end does not wait when it is read.
      const ours = names.map((name) => open(name, O_RDONLY | O_NONBLOCK));
      for (const name of names) child.push(open(name, O_WRONLY));
      return new Run({ child, ours, names }, (free) => this.#free.push(...free));
    } catch {
      for (const fd of opened) fs.closeSync(fd);
      return undefined;
    }
  }

  #enough() {
    const names = [];
    while (this.#free.length + names.length < A_RUN) names.push(path.join(this.#folder, String(++this.#made)));
    if (names.length === 0) return true;
    const { status } = spawnSync("mkfifo", ["-m", "600", ...names], { stdio: "ignore", timeout: 5000 });
    if (status !== 0) return false;
    this.#free.push(...names);
    return true;
  }
}

class Run {
  /** File descriptors for the program; `started` closes them here. */
  child;
  stdout;
  stderr;
  #names;
  #giveBack;

  constructor({ child, ours, names }, giveBack) {
    this.child = child;
    this.#names = names;
    this.#giveBack = giveBack;
    [this.stdout, this.stderr] = ours.map((fd) => new Socket({ fd, readable: true, writable: false }));
  }

  /** The program has its ends, or never will. */
  started() {
    for (const fd of this.child) fs.closeSync(fd);
  }

  /** The run is over: no more is read. */
  close() {
    const free = [];
    for (const [at, stream] of [this.stdout, this.stderr].entries()) {
      const name = this.#names[at];
      // It has ended, so nobody can write any more.
      if (stream.readableEnded) free.push(name);
      else fs.rmSync(name, { force: true });
      stream.destroy();
    }
    this.#giveBack(free);
  }
}

module.exports = { Pipes };
