// The bytes of a file that a web caller sent, from what the platform made of them: base64 where its type is binary,
// else the characters. Which types are binary is the platform's own table.
"use strict";

const registered = require(process.env.EDGEWHISK_MEDIA_TYPES || "./media-types.json");

const BINARY = new Set(registered.binary);
const TEXT = new Set([...registered.text, ...registered["utf-8"]]);
const CHARSET = /;\s*charset\s*=/i;
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

/** @param {string} body @param {{ type: string, raw: boolean }} options `raw`: of an action annotated raw-http, which
 * gets JSON as bytes, too */
function bytesOf(body, { type, raw }) {
  const name = type.split(";", 1)[0].trim().toLowerCase();
  const json = name === "application/json";
  if (!raw && (json || name.endsWith("+json"))) return Buffer.from(JSON.stringify(body));
  return Buffer.from(body, json || isBinary(name, type) ? "base64" : "utf8");
}

function isBinary(name, type) {
  if (name.startsWith("multipart/") || BINARY.has(name)) return true;
  return !TEXT.has(name) && !CHARSET.test(type.replace(QUOTED, '""'));
}

module.exports = { bytesOf };
