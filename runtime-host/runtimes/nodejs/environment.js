// process.env as the action sees it. Values that change with every run live in a JavaScript object, not in the C
// environment: the C library keeps a copy of every value it was ever given, about 100 bytes per variable and run.
// What an action sets itself goes to both; worker threads and addons see all but the variables of a single run.
"use strict";

const runs = require("./runs.js");

const native = process.env;
const seen = { ...native };
/** The folder in which `openwhisk` is found for actions that do not bring it;
 * unset where resolution finds it anyway. */
const modules = native.EDGEWHISK_MODULES;
/** Two files for what runs print, or none. */
const journals = (native.EDGEWHISK_JOURNALS ?? "").split(":").filter(Boolean);

for (const key of Object.keys(seen)) {
  if (!key.startsWith("EDGEWHISK_")) continue;
  delete seen[key];
  delete native[key];
}

const traps = {
  set(target, key, value) {
    native[key] = value;
    target[key] = typeof key === "symbol" ? value : native[key];
    const own = runs.current()?.variables;
    if (own !== undefined && Object.hasOwn(own, key)) own[key] = target[key];
    return true;
  },
  deleteProperty(target, key) {
    delete native[key];
    return delete target[key];
  },
};
process.env = new Proxy(seen, traps);

/** Overlapping runs each see their own. */
function getOwn(target, key) {
  const own = runs.current()?.variables;
  return own !== undefined && Object.hasOwn(own, key) && Object.hasOwn(target, key) ? own[key] : target[key];
}

/** @param {unknown} env what `/init` brings: strings, but other values have been seen */
function atInit(env) {
  if (env === null || typeof env !== "object") return;
  for (const [key, value] of Object.entries(env)) {
    if (key === "" || key.includes("=") || key.includes("\0")) continue;
    const isObject = typeof value === "object" && value !== null;
    process.env[key] = isObject ? JSON.stringify(value) : value ? String(value) : "";
  }
}

const names = new Map();

/** @param {Record<string, unknown>} message every string beside `value` becomes `__OW_<NAME>` */
function atRun(message) {
  const run = runs.current();
  if (run !== undefined) traps.get ??= getOwn;
  for (const key in message) {
    const value = message[key];
    if (typeof value !== "string" || key === "value") continue;
    let variable = names.get(key);
    if (variable === undefined) {
      variable = `__OW_${key.toUpperCase()}`;
      if (names.size < 100) names.set(key, variable);
    }
    seen[variable] = value;
    if (run !== undefined) run.variables[variable] = value;
  }
}

module.exports = { atInit, atRun, modules, journals };
