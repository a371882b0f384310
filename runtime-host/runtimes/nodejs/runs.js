// Runs that overlap in this process, told apart: everything a run causes, asynchronously too, happens in its context.
// The host names such runs; a run without a name is alone here.
"use strict";

/** An AsyncLocalStorage, made for the first named run: it costs every promise a little. */
let storage;
/** Where a name's last part begins, which counts up. */
const NUMBER = 16;

class NamedRun {
  constructor(name, notes) {
    /** 24 characters, chosen by the host. */
    this.name = name;
    /** What journals know it by. */
    this.number = Number.parseInt(name.slice(NUMBER), 16);
    /** What nobody could be named for had been printed so often when it began. */
    this.notes = notes;
    this.printed = false;
    /** Who waits for what it has written. */
    this.written = [];
    /** Environment variables of this run alone. */
    this.variables = {};
  }
}

function current() {
  return storage?.getStore();
}

function within(run, story) {
  storage ??= new (require("node:async_hooks").AsyncLocalStorage)();
  return storage.run(run, story);
}

module.exports = { NamedRun, current, within };
