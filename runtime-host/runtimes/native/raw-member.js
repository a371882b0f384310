// One member of a JSON object as it was written: parsing and printing would change numbers (2^64, 1.0) on their way to
// the program. The text is known to be valid.
"use strict";

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = new Set([91, 123]);
const CLOSE = new Set([93, 125]);
const SPACE = new Set([9, 10, 13, 32]);

/** @param {string} text a JSON object @param {string} wanted @returns {string | undefined} the last one,
 * as in JSON.parse */
function rawMember(text, wanted) {
  let found;
  let at = text.indexOf("{") + 1;
  while (at > 0) {
    at = text.indexOf('"', at);
    if (at < 0) break;
    const keyEnd = endOfString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd));
    let from = text.indexOf(":", keyEnd) + 1;
    while (SPACE.has(text.charCodeAt(from))) from++;
    const to = endOfValue(text, from);
    if (key === wanted) found = text.slice(from, to).trimEnd();
    at = to;
  }
  return found;
}

/** Behind the closing quote. */
function endOfString(text, from) {
  for (let at = from + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
}

/** At the comma or brace that ends the member. */
function endOfValue(text, from) {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (OPEN.has(code)) depth++;
    else if (CLOSE.has(code)) {
      if (depth === 0) return at;
      depth--;
    } else if (code === 44 && depth === 0) return at;
  }
  return text.length;
}

module.exports = { rawMember };
