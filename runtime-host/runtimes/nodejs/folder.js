// The folder an archive is unpacked into, and the only place that writes for one. Links are made last, where nothing
// else is, so nothing is ever written through one; they may lead anywhere,
// as those of a virtualenv or of npm's workspaces do.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const MAX_ENTRIES = 65_536;
/** Bytes, as Linux has it. */
const MAX_TARGET = 4095;

/** A sentence about an archive that will not be unpacked. */
class Refused extends Error {}

class Folder {
  #root;
  #entries = 0;
  #made = new Set();
  #links = [];

  constructor(root, room) {
    this.#root = root;
    /** Bytes that may still be unpacked. */
    this.room = room;
  }

  count(name) {
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES) throw new Refused(`it has more than ${MAX_ENTRIES} entries`);
    if (name.length > 4096) throw new Refused("it has an entry with an endless name");
  }

  #inside(name) {
    const parts = name.split("/").filter((part) => part !== "" && part !== ".");
    if (name.startsWith("/") || name.includes("\0") || parts.includes(".."))
      throw new Refused(`entry ${JSON.stringify(name)} leaves the action's folder`);
    return path.join(this.#root, ...parts);
  }

  #make(folder) {
    if (this.#made.has(folder)) return;
    fs.mkdirSync(folder, { recursive: true });
    this.#made.add(folder);
  }

  directory(name) {
    this.#make(this.#inside(name));
  }

  file(name, content, mode) {
    const file = this.#inside(name);
    this.room -= content.length;
    if (this.room < 0) throw new Refused("it is too large when unpacked");
    this.#make(path.dirname(file));
    fs.writeFileSync(file, content, { mode: (mode & 0o777) | 0o644 });
  }

  link(name, target) {
    if (target === "" || target.includes("\0") || Buffer.byteLength(target) > MAX_TARGET)
      throw new Refused(`link ${JSON.stringify(name)} has no target that can be`);
    this.#links.push({ name, file: this.#inside(name), target });
  }

  /** Another name for a file that the archive had before: a copy of it. */
  copy(name, target) {
    const from = this.#inside(target);
    if (!fs.existsSync(from) || !fs.statSync(from).isFile())
      throw new Refused(`entry ${JSON.stringify(name)} is another name for a file that is not there`);
    this.file(name, fs.readFileSync(from), fs.statSync(from).mode);
  }

  /** Every parent exists as a real folder before the first link does: no link is reached through another. */
  finish() {
    for (const { file } of this.#links) this.#make(path.dirname(file));
    for (const { name, file, target } of this.#links) {
      if (fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined)
        throw new Refused(`link ${JSON.stringify(name)} stands where something else does`);
      fs.symlinkSync(target, file);
    }
  }
}

module.exports = { Folder, MAX_ENTRIES, Refused };
