// From the code of /init to a file that can be executed: a script as text, one executable, or an archive with `exec` at
// its root (or the file that `main` names). What can be known to be wrong before the first run is said now.
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { unpack } = require("../nodejs/unpack.js");
const { Pipes } = require("./pipes.js");

const NO_BINARY = "The action failed to generate or locate a binary. See logs for details.";
const SHELLS = /(^|\/|\s)(sh|bash|dash)(\s|$)/;
const START_BYTES = 256;
const ELF = "\x7fELF";
/** Where ELF names the processor. */
const MACHINE = [18, 20];

/** @returns {{ file: string, folder: string, pipes: Pipes }} @throws {string} */
function load({ main, code, binary }) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "edgewhisk-")));
  process.once("exit", () => fs.rmSync(root, { recursive: true, force: true }));
  const folder = path.join(root, "action");
  fs.mkdirSync(folder);
  const file = binary ? fromBytes(Buffer.from(code, "base64"), { folder, main }) : single(folder, scriptOf(code));
  // A link may lead to what is not the action's.
  if (file.startsWith(`${folder}/`)) fs.chmodSync(file, 0o755);
  check(file);
  return { file, folder, pipes: new Pipes(path.join(root, "pipes")) };
}

/** Without a first line that says otherwise, text is for the shell. */
function scriptOf(code) {
  return Buffer.from(code.startsWith("#!") ? code : `#!/bin/sh\n${code}`);
}

function fromBytes(bytes, { folder, main }) {
  const magic = bytes.toString("latin1", 0, 4);
  if (magic.startsWith("#!") || magic === ELF) return single(folder, bytes);
  unpack(bytes, folder);
  const wanted = [...(main === "main" ? [] : [main]), "exec", "main"].map((name) => path.resolve(folder, name));
  const found = wanted.find(
    (file) => file.startsWith(`${folder}/`) && fs.existsSync(file) && fs.statSync(file).isFile(),
  );
  if (found === undefined) throw NO_BINARY;
  return fs.realpathSync(found);
}

function single(folder, bytes) {
  const file = path.join(folder, "exec");
  fs.writeFileSync(file, bytes, { mode: 0o755 });
  return file;
}

/** A script's interpreter must be there, a shell script must parse, and machine code must be this machine's. */
function check(file) {
  const start = startOf(file);
  if (start.toString("latin1", 0, 4) === ELF && process.platform === "linux") {
    const own = startOf("/proc/self/exe");
    if (!start.subarray(...MACHINE).equals(own.subarray(...MACHINE)))
      throw `The executable is not for this machine (${process.arch}).`;
  }
  const line = /^#!([^\n\0]*)/.exec(start.toString("utf8"))?.[1];
  if (line === undefined) return;
  const [interpreter = "", ...rest] = line.trim().split(/\s+/);
  if (!fs.existsSync(interpreter)) throw `The script asks for ${interpreter}, which is not here.`;
  if (!SHELLS.test(line)) return;
  const { status, stderr } = spawnSync(interpreter, [...rest, "-n", file], { encoding: "utf8", timeout: 10_000 });
  if (status !== 0) throw `The script does not parse: ${stderr.trim().replaceAll(file, "exec")}`;
}

function startOf(file) {
  const start = Buffer.alloc(START_BYTES);
  const fd = fs.openSync(file, "r");
  fs.readSync(fd, start, 0, START_BYTES, 0);
  fs.closeSync(fd);
  return start;
}

module.exports = { load };
