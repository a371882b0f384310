// What a rejected promise was rejected with, as JSON can carry it: own enumerable properties, plus name, message, stack
// and code, which Error keeps out of sight. Same shape as the `serialize-error` package that OpenWhisk's runtime uses.
"use strict";

const HIDDEN = ["name", "message", "stack", "code"];
const DEEPEST = 50;

function serializeError(reason) {
  if (!reason) return {};
  if (typeof reason === "function") return `[Function: ${reason.name || "anonymous"}]`;
  if (typeof reason !== "object") return String(reason);
  try {
    const copy = plain(reason, []);
    JSON.stringify(copy);
    return copy;
  } catch {
    return typeof reason.message === "string" ? reason.message : Object.prototype.toString.call(reason);
  }
}

function plain(from, above) {
  if (typeof from.toJSON === "function") return from.toJSON();
  const path = [...above, from];
  const copy = Array.isArray(from) ? [] : {};
  for (const [key, value] of Object.entries(from)) {
    if (typeof value === "function") continue;
    if (typeof value === "bigint") copy[key] = String(value);
    else if (value === null || typeof value !== "object") copy[key] = value;
    else if (Buffer.isBuffer(value)) copy[key] = "[object Buffer]";
    else if (typeof value.pipe === "function") copy[key] = "[object Stream]";
    else copy[key] = path.includes(value) || path.length > DEEPEST ? "[Circular]" : plain(value, path);
  }
  for (const key of HIDDEN) if (typeof from[key] === "string") copy[key] = from[key];
  return copy;
}

module.exports = { serializeError };
