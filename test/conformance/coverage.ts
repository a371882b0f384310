// Writes COVERAGE.md: which parity lines the conformance cases show, and why the others are not shown.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const HERE = new URL(".", import.meta.url).pathname;
const FILE = join(HERE, "COVERAGE.md");
/** Chapters, or single sections of one. */
const SECTIONS = ["1", "2", "3", "4", "5", "6", "9", "11.1", "13"];
/** Excuses that begin so take a line out of the count; any other leaves it in, as missing. */
const NOT_COUNTED = /^not visible: /;

interface Line {
  line: string;
  priority: "P0" | "P1" | "P2";
  section: string;
  text: string;
}

type Excuses = Readonly<Record<string, string>>;
type Shown = ReadonlyMap<string, string>;

export interface Coverage {
  markdown: string;
  /** What COVERAGE.md says now. */
  written: string;
  /** Share of the lines that can be seen over HTTP, per priority. */
  share: Record<"P0" | "P1", number>;
  /** Lines that are neither shown nor excused, excuses for lines that are shown, and names of no line. */
  faults: string[];
}

export function coverage(): Coverage {
  const all = JSON.parse(readFileSync(join(HERE, "lines.json"), "utf8")) as Line[];
  const lines = all.filter(
    ({ section, priority }) =>
      SECTIONS.some((each) => section === each || section.startsWith(`${each}.`)) && priority !== "P2",
  );
  const excuses = JSON.parse(readFileSync(join(HERE, "uncovered.json"), "utf8")) as Excuses;
  const shown = shownLines();
  const share = { P0: shareOf(lines, "P0", { shown, excuses }), P1: shareOf(lines, "P1", { shown, excuses }) };
  return {
    markdown: print(lines, { shown, excuses, share }),
    written: readFileSync(FILE, "utf8"),
    share,
    faults: faultsOf({ all, lines, shown, excuses }),
  };
}

function faultsOf({ all, lines, shown, excuses }: { all: Line[]; lines: Line[]; shown: Shown; excuses: Excuses }) {
  const known = new Set(all.map((each) => each.line));
  const counted = new Set(lines.map((each) => each.line));
  return [
    ...lines.flatMap(({ line }) =>
      shown.has(line) || excuses[line] !== undefined ? [] : [`${line} is neither shown nor excused`],
    ),
    ...Object.keys(excuses).flatMap((line) => (shown.has(line) ? [`${line} is shown and excused`] : [])),
    ...Object.keys(excuses).flatMap((line) => (counted.has(line) ? [] : [`${line} is excused, but does not count`])),
    ...[...shown].flatMap(([line, file]) => (known.has(line) ? [] : [`${line} in ${file} is no line`])),
  ];
}

function shareOf(lines: readonly Line[], priority: string, { shown, excuses }: { shown: Shown; excuses: Excuses }) {
  const visible = lines.filter((each) => each.priority === priority && !NOT_COUNTED.test(excuses[each.line] ?? ""));
  return visible.filter((each) => shown.has(each.line)).length / visible.length;
}

function print(
  lines: readonly Line[],
  { shown, excuses, share }: { shown: Shown; excuses: Excuses; share: Coverage["share"] },
): string {
  const rows = lines.map((each) => {
    const how = shown.get(each.line) ?? `*${excuses[each.line] ?? "not shown"}*`;
    return `| ${each.line} | ${each.priority} | ${short(each.text)} | ${how} |`;
  });
  return `# Coverage of the conformance suite

Made by \`node test/conformance/coverage.ts\`. Of the lines that can be seen over HTTP these are shown: P0 ${percent(share.P0)}, P1 ${percent(share.P1)}.

| line | | behaviour | shown in, or why not |
|---|---|---|---|
${rows.join("\n")}
`;
}

function shownLines(): Shown {
  const shown = new Map<string, string>();
  for (const file of readdirSync(HERE).filter((name) => name.endsWith(".test.ts"))) {
    const text = readFileSync(join(HERE, file), "utf8");
    for (const [, list = ""] of text.matchAll(/(?:\bline\(|^ {2}\[)\s*"([\d. ]+)"/gm))
      for (const each of list.split(" ")) shown.set(each, file);
  }
  return shown;
}

function short(text: string): string {
  const plain = text.replaceAll("|", "\\|");
  return plain.length > 110 ? `${plain.slice(0, 107)}…` : plain;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { markdown, faults, share } = coverage();
  writeFileSync(FILE, markdown);
  for (const fault of faults) console.log(fault);
  console.log(`P0 ${percent(share.P0)}, P1 ${percent(share.P1)}`);
}
