// Writes COVERAGE.md: which parity lines the conformance cases show, and why the others are not shown.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const HERE = new URL(".", import.meta.url).pathname;

interface Line {
  line: string;
  priority: "P0" | "P1" | "P2";
  section: string;
  text: string;
}

export interface Coverage {
  markdown: string;
  /** Share of the lines that can be seen over HTTP, per priority. */
  share: Record<"P0" | "P1", number>;
  /** Lines that are neither shown nor excused, and excuses for lines that are shown or unknown. */
  faults: string[];
}

/** `sections`: top-level sections that count ("1", "2", …). */
export function coverage(sections: readonly string[]): Coverage {
  const lines = (JSON.parse(readFileSync(join(HERE, "lines.json"), "utf8")) as Line[]).filter(
    (each) => sections.includes(each.section.split(".")[0] ?? "") && each.priority !== "P2",
  );
  const excuses = JSON.parse(readFileSync(join(HERE, "uncovered.json"), "utf8")) as Record<string, string>;
  const shown = shownLines();
  const faults: string[] = [];
  for (const each of lines)
    if (!shown.has(each.line) && excuses[each.line] === undefined)
      faults.push(`${each.line} is neither shown nor excused`);
  for (const each of Object.keys(excuses)) if (shown.has(each)) faults.push(`${each} is shown and excused`);
  const share = { P0: shareOf(lines, "P0", { shown, excuses }), P1: shareOf(lines, "P1", { shown, excuses }) };
  return { markdown: print(lines, { shown, excuses, share }), share, faults };
}

/** An excuse that begins with "not visible:" takes the line out of the count; any other leaves it in as missing. */
function shareOf(
  lines: readonly Line[],
  priority: string,
  { shown, excuses }: { shown: ReadonlyMap<string, string>; excuses: Record<string, string> },
): number {
  const visible = lines.filter((each) => each.priority === priority && !excuses[each.line]?.startsWith("not visible:"));
  return visible.filter((each) => shown.has(each.line)).length / visible.length;
}

function print(
  lines: readonly Line[],
  {
    shown,
    excuses,
    share,
  }: { shown: ReadonlyMap<string, string>; excuses: Record<string, string>; share: Coverage["share"] },
): string {
  const rows = lines.map((each) => {
    const how = shown.get(each.line) ?? `*${excuses[each.line] ?? "not shown"}*`;
    return `| ${each.line} | ${each.priority} | ${short(each.text)} | ${how} |`;
  });
  return `# Coverage of the conformance suite

Made by \`node test/conformance/coverage.ts\`. Lines that can be seen over HTTP and are shown: P0 ${percent(share.P0)}, P1 ${percent(share.P1)}.

| line | | behaviour | shown in, or why not |
|---|---|---|---|
${rows.join("\n")}
`;
}

function shownLines(): Map<string, string> {
  const shown = new Map<string, string>();
  for (const file of readdirSync(HERE).filter((name) => name.endsWith(".test.ts"))) {
    const text = readFileSync(join(HERE, file), "utf8");
    for (const [, list = ""] of text.matchAll(/\bline\(\s*"([\d. ]+)"/g))
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

export const COVERED_SECTIONS = ["1", "2", "3", "4", "5"];

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const made = coverage(COVERED_SECTIONS);
  writeFileSync(join(HERE, "COVERAGE.md"), made.markdown);
  for (const fault of made.faults) console.log(fault);
  console.log(`P0 ${percent(made.share.P0)}, P1 ${percent(made.share.P1)}`);
}
