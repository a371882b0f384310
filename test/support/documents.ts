// The documents for people: their text, their links, and the commands in their fenced blocks.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Those that stand at the top and speak to strangers, README first. */
export const DOCUMENTS = [
  "README.md",
  "ARCHITECTURE.md",
  "OPERATIONS.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
];

export interface Command {
  document: string;
  /** Of the document, from 1. */
  line: number;
  /** Without its comment; a typed one may have several lines. */
  text: string;
  /** What is shown below a command that is typed after "$ "; null = one that stands in a list of commands. */
  shown: string | null;
}

export interface Block {
  language: string;
  /** Of the first line inside, from 1. */
  line: number;
  text: string;
}

export function textOf(document: string): string {
  return readFileSync(join(ROOT, document), "utf8");
}

export function blocksOf(document: string): Block[] {
  const text = textOf(document);
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? "",
    line: text.slice(0, match.index).split("\n").length + 1,
    text: match[2] ?? "",
  }));
}

/** The commands of all blocks without a language. */
export function commandsOf(document: string): Command[] {
  return blocksOf(document)
    .filter((block) => block.language === "")
    .flatMap((block) => (block.text.startsWith("$ ") ? typedIn(document, block) : listedIn(document, block)));
}

/** The document without its blocks: what is prose, tables and headings. */
export function proseOf(document: string): string {
  return textOf(document).replace(/^```[\s\S]*?^```$/gm, "");
}

function typedIn(document: string, block: Block): Command[] {
  const commands: Command[] = [];
  for (const [index, text] of block.text.split("\n").entries()) {
    const last = commands.at(-1);
    if (text.startsWith("$ ")) commands.push({ document, line: block.line + index, text: text.slice(2), shown: "" });
    else if (last !== undefined) last.shown += `${text}\n`;
  }
  return commands.map((each) => ({ ...each, shown: each.shown?.trim() ?? "" }));
}

function listedIn(document: string, block: Block): Command[] {
  return block.text
    .split("\n")
    .map((text, index) => ({ document, line: block.line + index, text: text.replace(/\s+# .*$/, ""), shown: null }))
    .filter((each) => each.text !== "");
}
