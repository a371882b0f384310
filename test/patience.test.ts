// A machine that is busy is slow. What a test waits for has the bounds of vitest.config.ts, which measure nobody: a
// shorter one of its own makes a test that fails by the machine's mood.

import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

/** The simulator has a time of its own. */
const files = globSync("test/**/*.ts", { exclude: ["test/simulator/**"] }).filter(
  (file) => !["test/support/wait-for.ts", "test/patience.test.ts"].includes(file),
);

/** What is forbidden, and what to write instead. */
const HASTY: [RegExp, string][] = [
  [/\bvi\.wait(For|Until)\(/, "vi.waitFor gives up after 1 s: use waitFor of test/support/wait-for.ts, or expect.poll"],
  [/^\s*\}, ([12]?\d{1,2})_000\);$/, "a test's own bound below 300 s: leave it out"],
  [/^\s*([12]?\d{1,2})_000,$/, "a test's own bound below 300 s: leave it out"],
  [/^\s*(it|test)\b.*\btimeout: ([12]?\d{1,2})_000\b/, "a test's own bound below 300 s: leave it out"],
  [/^\s*\{ (needs(: "\w+")?, )?timeout: ([12]?\d{1,2})_000 \},$/, "a test's own bound below 300 s: leave it out"],
  [/^\s*line\(.*\btimeout: ([12]?\d{1,2})_000\b/, "a test's own bound below 300 s: leave it out"],
  [/\btimeout: ?\d{1,2}_000\b.*\)\s*\.(not\.)?to[A-Z]/, "a poll's own bound below 100 s: leave it out"],
  [/^\s*timeout: ?\d{1,2}_000\b/, "a poll's own bound below 100 s: leave it out"],
  [/\b(headersTimeout|bodyTimeout|connectTimeout|patience)(:| =) ?\d{1,2}_000\b/, "a client's bound below 100 s"],
  [/\b(PATIENCE\w*|SOON) = (\{.*\btimeout: )?\d{1,2}_000\b/, "a poll's own bound below 100 s: leave it out"],
  [/^\s*(const|let) (until|end) = Date\.now\(\) \+ \d{1,2}_000\b/, "a poll's own bound below 100 s"],
  [/\b(becomes|until|recordOf)\(.*, \d{1,2}_000\)/, "a poll's own bound below 100 s: leave it out"],
  [/\bsetTimeout\(\(\) => .*\b(destroy|kill|reject)\(.*\b\d{1,2}_000\)/, "a client's or program's bound below 100 s"],
  [/\b(before|after)(All|Each)\(.*, \d{1,2}_000\)/, "a hook's own bound below 300 s: leave it out"],
  [/\bperformance\.now\(\) - \w+\)?\)\.toBeLessThan\(\d/, "a promise in seconds: use test/support/machine-pace.ts"],
  [/^\s*signal: AbortSignal\.timeout\(\d{1,2}_000\)/, "a request's bound below 100 s: leave it out"],
];

it.each(HASTY)("no test waits less than others do: %s", (pattern, instead) => {
  const found = files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}: ${line.trim()} (${instead})`] : [])),
  );
  expect(found).toEqual([]);
});
