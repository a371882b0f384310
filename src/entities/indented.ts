// JSON made readable: a member a line, two blanks a level, arrays on one line. Values keep their bytes. White space may
// make a small text a thousand times larger, so that its size is worked out before anything is made.

import { endOfString, type RawJson } from "./raw-json.ts";

const BLANK = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** Not 0 where a character ends a number or a word. */
const STOPS = new Uint8Array(128).fill(1, 0, BLANK + 1);
for (const mark of [COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) STOPS[mark] = 1;

interface Bounds {
  /** Characters of what is made. */
  size: number;
  /** Objects and arrays within one another. */
  depth: number;
}

/** Called with each token's place in the text and the white space that belongs before it; false ends the walk. */
type Tell = (from: number, to: number, gap: string) => boolean;

/** `text`: valid JSON. It is answered as it is where its readable form would be beyond the bounds. */
export function indented(text: RawJson, bounds: Bounds): string {
  let size = 0;
  const fits = walk(text, bounds.depth, (from, to, gap) => {
    size += gap.length + to - from;
    return size <= bounds.size;
  });
  if (!fits) return text.trim();
  const parts: string[] = [];
  walk(text, bounds.depth, (from, to, gap) => {
    parts.push(gap, text.slice(from, to));
    return true;
  });
  return parts.join("");
}

/** Whether it came to the end. */
function walk(text: RawJson, depth: number, tell: Tell): boolean {
  /** Of what is open, the outermost first: whether it is an object. */
  const around: boolean[] = [];
  let level = 0;
  let before = 0;
  for (let at = 0; at < text.length; ) {
    const mark = text.charCodeAt(at);
    if (mark <= BLANK) {
      at++;
      continue;
    }
    if (mark === CLOSE_OBJECT) level--;
    const gap = gapOf(before, mark, { level, inObject: around[around.length - 1] === true });
    if (mark === OPEN_OBJECT || mark === OPEN_ARRAY) {
      if (around.push(mark === OPEN_OBJECT) > depth) return false;
      if (mark === OPEN_OBJECT) level++;
    } else if (mark === CLOSE_OBJECT || mark === CLOSE_ARRAY) around.pop();
    const end = endOfToken(text, at);
    if (!tell(at, end, gap)) return false;
    before = mark;
    at = end;
  }
  return true;
}

function gapOf(before: number, mark: number, { level, inObject }: { level: number; inObject: boolean }): string {
  if (mark === CLOSE_OBJECT) return before === OPEN_OBJECT ? "" : lineBreak(level);
  if (before === OPEN_OBJECT) return lineBreak(level);
  if (before === COMMA) return inObject ? lineBreak(level) : " ";
  return before === COLON ? " " : "";
}

const breaks: string[] = [];

function lineBreak(level: number): string {
  breaks[level] ??= `\n${"  ".repeat(level)}`;
  return breaks[level];
}

function endOfToken(text: RawJson, from: number): number {
  const mark = text.charCodeAt(from);
  if (mark === QUOTE) return endOfString(text, from);
  let at = from + 1;
  if (STOPS[mark] === 1) return at;
  while (at < text.length && STOPS[text.charCodeAt(at)] !== 1) at++;
  return at;
}
