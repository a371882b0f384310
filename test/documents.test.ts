// What the documents say is there: links, files, commands and their options, objects, terms. What is typed in them is
// typed by e2e/readme.test.ts.

import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { FAMILIES, TABLE } from "../runtime-host/cli/table.ts";
import { edgewhisk } from "./runtime-host/cli/run.ts";
import { blocksOf, type Command, commandsOf, DOCUMENTS, proseOf, textOf } from "./support/documents.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const SOURCES = ["src", "durable-objects", "runtime-host"];

interface Link {
  from: string;
  to: string;
}

const links: Link[] = DOCUMENTS.flatMap((document) =>
  [...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({ from: document, to: match[1] ?? "" })),
);

describe("documents", () => {
  it("are all linked from README", () => {
    const linked = links.filter((each) => each.from === "README.md").map((each) => each.to);
    const wanted = [...DOCUMENTS.slice(1), "CONFIGURATION.md", "SPECIFICATION.md", "ARCHITECTURE.svg"];
    expect(wanted.filter((each) => !linked.includes(each))).toEqual([]);
  });

  it("have no line of more than 120 characters", () => {
    const long = DOCUMENTS.flatMap((document) =>
      textOf(document)
        .split("\n")
        .flatMap((line, index) => (line.length > 120 ? [`${document}:${index + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });

  it("link to files and headings that are there", () => {
    const dead = links.filter(({ from, to }) => {
      if (/^https?:/.test(to)) return false;
      const [path = "", anchor] = to.split("#");
      const target = path === "" ? from : normalize(join(dirname(from), path));
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).has(anchor);
    });
    expect(dead).toEqual([]);
  });

  it("name files and folders that are there", () => {
    const missing = DOCUMENTS.flatMap((document) =>
      pathsIn(withoutRoomsToCome(proseOf(document)))
        .filter((path) => globSync(path, { cwd: ROOT }).length === 0)
        .map((path) => `${document}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it("show diagrams whose lines speak of declared participants", () => {
    const diagrams = blocksOf("ARCHITECTURE.md").filter((block) => block.language === "mermaid");
    expect(diagrams.length).toBe(2);
    for (const { text } of diagrams) {
      const declared = [...text.matchAll(/^\s*participant (\w+) as /gm)].map((match) => match[1]);
      const arrows = [...text.matchAll(/^\s*(\w+)-{1,2}>>(\w+): \S/gm)];
      // First line, participants, arrows, and nothing else.
      expect(text.trim().split("\n").length).toBe(1 + declared.length + arrows.length);
      for (const [, from, to] of arrows) expect(declared).toEqual(expect.arrayContaining([from, to]));
    }
  });

  it("describe every Durable Object that is bound, and no other", () => {
    const bound = [...textOf("wrangler.toml").matchAll(/^class_name = "(\w+)"/gm)].map((match) => match[1]);
    const table = /\| object \| one per[\s\S]*?\n\n/.exec(textOf("ARCHITECTURE.md"))?.[0] ?? "";
    const described = [...table.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
    expect(described.toSorted()).toEqual(bound.toSorted());
  });

  it("explain words that the code uses, in order", () => {
    const code = SOURCES.flatMap((folder) => globSync(`${folder}/**/*.{ts,js,py,md}`, { cwd: ROOT }))
      .map((file) => readFileSync(join(ROOT, file), "utf8").toLowerCase())
      .join("\n");
    const squeezed = code.replace(/[-_ ]/g, "");
    const terms = [...(textOf("ARCHITECTURE.md").split("## Glossary")[1] ?? "").matchAll(/^\| ([^|]+) \|/gm)]
      .map((match) => match[1]?.trim() ?? "")
      .filter((term) => term !== "term" && !term.startsWith("---"));
    expect(terms.length).toBeGreaterThan(100);
    expect(terms).toEqual(terms.toSorted((one, other) => one.localeCompare(other, "en")));
    expect(terms.filter((term) => !squeezed.includes(term.toLowerCase().replace(/[- ]/g, "")))).toEqual([]);
  });

  it("have a picture that is text, names its parts for readers who do not see it, and has colours for dark paper", () => {
    const picture = textOf("ARCHITECTURE.svg");
    expect(picture).toMatch(/^<svg [^>]*role="img"/);
    expect(picture).toMatch(/<title [^>]*>[^<]+<\/title>\s*<desc [^>]*>[^<]{100,}<\/desc>/);
    const [light = "", dark = ""] = picture.split("@media (prefers-color-scheme: dark)");
    const used = new Set([...picture.matchAll(/class="([^"]+)"/g)].flatMap((match) => (match[1] ?? "").split(" ")));
    expect([...used].filter((name) => !light.includes(`.${name} `))).toEqual([]);
    const filled = [...light.matchAll(/\.([\w-]+) \{[^}]*(?:fill|stroke): #/g)].map((match) => match[1]);
    expect(filled.filter((name) => !dark.includes(`.${name} `))).toEqual([]);
  });
});

/** What a command of the project must be; the rest of a machine's commands are named one by one. */
const PLAIN = [
  /^cd edgewhisk$/,
  /^git (clone <this repository> edgewhisk|pull)$/,
  /^export [A-Z_]+=<[a-z ]+>$/,
  /^cp -a /,
];

describe("commands in documents", () => {
  const listed = DOCUMENTS.flatMap((document) => commandsOf(document)).filter((each) => each.shown === null);
  const inline: Command[] = DOCUMENTS.flatMap((document) =>
    [...proseOf(document).matchAll(/`((?:npm|npx) [^`]+)`/g)].map((match) => ({
      document,
      line: 0,
      text: (match[1] ?? "").replaceAll("\n", " "),
      shown: null,
    })),
  );
  const parts = [...listed, ...inline].flatMap((each) => each.text.split(" && ").map((text) => ({ ...each, text })));

  beforeAll(async () => {
    const named = parts.flatMap((each) => {
      const [, first = "", second = ""] = /^npx edgewhisk (\w+)(?: (\w+))?/.exec(each.text) ?? [];
      return first === "" ? [] : [commandNamed(first, second)];
    });
    await Promise.all(["", "start", ...new Set(named)].map(readHelp));
  });

  it("are of a kind that is known, with options that are there", () => {
    expect(parts.length).toBeGreaterThan(40);
    const faults = parts.flatMap(({ document, line, text }) => {
      const fault = PLAIN.some((each) => each.test(text)) ? null : faultOf(wordsOf(text));
      return fault === null ? [] : [`${document}:${line}: ${text}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  it("would be found out", () => {
    const wrong = [
      "npm run nothing",
      "npm start -- --nothing",
      "npx edgewhisk nothing",
      "npx edgewhisk host --nothing",
      "npx wrangler d1 nothing",
      "npx wrangler deploy --nothing",
      "npx vitest run --project unit test/nothing.test.ts",
      "rm -rf .",
    ];
    expect(wrong.filter((text) => faultOf(wordsOf(text)) === null)).toEqual([]);
  });
});

function wordsOf(text: string): string[] {
  // Variables for one command.
  return (text.match(/"[^"]*"|\S+/g) ?? []).filter((word, index) => index > 0 || !/^[A-Z_]+=/.test(word));
}

/** What is wrong with a command, or null. */
function faultOf([program = "", ...words]: string[]): string | null {
  if (program === "npm") return npmFault(words);
  if (program !== "npx") return "no such kind of command";
  const [tool = "", ...rest] = words;
  if (tool === "edgewhisk") return edgewhiskFault(rest);
  if (tool === "wrangler") return wranglerFault(rest);
  if (tool === "vitest") return vitestFault(rest);
  return `${tool} is no tool of ours`;
}

function npmFault([verb = "", ...words]: string[]): string | null {
  const { scripts, dependencies } = JSON.parse(textOf("package.json")) as Record<string, Record<string, string>>;
  if (verb === "ci") return null;
  if (verb === "install") return words.every((each) => dependencies?.[each] !== undefined) ? null : "no dependency";
  const script = verb === "run" ? (words.shift() ?? "") : verb;
  if (scripts?.[script] === undefined) return `package.json has no script ${script}`;
  return script === "start" ? edgewhiskFault(["start", ...words.filter((word) => word !== "--")]) : null;
}

/** Of one word, or of two where the first is a family. */
function commandNamed(first: string, second: string): string {
  return first in FAMILIES ? `${first} ${second}` : first;
}

const helps = new Map<string, string>();

/** Of the command of that name, or of all. A program of its own prints its help as a process does, without the
 * launcher, which would install what is missing. */
async function readHelp(command: string): Promise<void> {
  const words = [...command.split(" ").filter((word) => word !== ""), "--help"];
  const own = TABLE.some((entry) => "program" in entry && entry.name === words[0]);
  helps.set(command, own ? await printed(words) : (await edgewhisk(words)).out);
}

async function printed(words: string[]): Promise<string> {
  const args = [join(ROOT, "runtime-host/cli/edgewhisk.ts"), ...words];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

function edgewhiskFault(words: string[]): string | null {
  const [command = "", ...rest] = words;
  const all = helps.get("") ?? "";
  if (command.startsWith("--")) return optionFault(all, [command]);
  if (!new RegExp(`^  ${command}\\b`, "m").test(all)) return `edgewhisk --help does not name ${command}`;
  return optionFault(helps.get(commandNamed(command, rest[0] ?? "")) ?? "", rest);
}

function optionFault(help: string, words: string[]): string | null {
  const unknown = words
    .filter((word) => word.startsWith("--"))
    .map((word) => word.split("=")[0] ?? "")
    .find((word) => word !== "--help" && !new RegExp(`(^|[\\s,])${word}(?![\\w-])`).test(help));
  return unknown === undefined ? null : `${unknown} is not in its help`;
}

interface WranglerNode {
  subtree: Map<string, WranglerNode>;
  definition?: { args?: Record<string, unknown>; positionalArgs?: string[] };
}

/** By wrangler's own table of commands. Its name says that it may change: this fails then, and nothing else does. */
function wranglerFault(words: string[]): string | null {
  const wrangler = createRequire(import.meta.url)("wrangler") as {
    experimental_getWranglerCommands(): { registry: WranglerNode; globalFlags: Record<string, unknown> };
  };
  const { registry, globalFlags } = wrangler.experimental_getWranglerCommands();
  const rest = [...words];
  let node = registry;
  for (let next = node.subtree.get(rest[0] ?? ""); next !== undefined; next = node.subtree.get(rest[0] ?? "")) {
    node = next;
    rest.shift();
  }
  const { args = {}, positionalArgs = [] } = node.definition ?? {};
  if (node.definition === undefined || node.subtree.size > 0) return "wrangler has no such command";
  const options = rest.filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("=")[0] ?? "");
  const unknown = options.find((name) => args[name] === undefined && globalFlags[name] === undefined);
  if (unknown !== undefined) return `wrangler has no --${unknown} here`;
  const first = rest.findIndex((word) => word.startsWith("--"));
  const given = first === -1 ? rest.length : first;
  return given > positionalArgs.length ? "wrangler takes fewer arguments here" : null;
}

function vitestFault(words: string[]): string | null {
  const files = words.filter((word) => word.includes("/"));
  const missing = files.find((file) => !existsSync(join(ROOT, file)));
  return missing === undefined ? null : `${missing} is not there`;
}

function pathsIn(text: string): string[] {
  return [...text.matchAll(/`((?:src|durable-objects|runtime-host|test|\.ci)\/[\w./*-]*)`/g)].map(
    (match) => match[1] ?? "",
  );
}

/** One section speaks of what is not there yet. */
function withoutRoomsToCome(text: string): string {
  return text.replace(/## Where what comes next will stand[\s\S]*?\n## /, "## ");
}

/** As GitHub makes them of headings. */
function anchorsOf(file: string): Set<string> {
  if (!file.endsWith(".md")) return new Set();
  const headings = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? "");
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .trim()
        .replace(/\s/g, "-"),
    ),
  );
}
