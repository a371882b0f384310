// Which files of the product with logic have a test at their own path. The console is left out: its views are tested
// in a browser, by whole stories (test/console).

import { existsSync } from "node:fs";
import { decisionPoints } from "./syntax.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const COUNTED = /^(src\/(?!console\/)|durable-objects\/|runtime-host\/)/;
/** Decision points from which a file has logic. */
const MIN_DECISIONS = 10;

export interface SamePathShare {
  /** Files with logic. */
  files: number;
  /** Of these, those that have a test at their path. */
  tested: number;
  /** The others, those with the most decision points first: `points path`. */
  untested: string[];
}

export function samePathShare(): SamePathShare {
  const logic = [...decisionPoints((file) => COUNTED.test(file))].filter(([, points]) => points >= MIN_DECISIONS);
  const untested = logic.filter(([file]) => !testsOf(file).some((test) => existsSync(ROOT + test)));
  return {
    files: logic.length,
    tested: logic.length - untested.length,
    untested: untested.toSorted(([, one], [, other]) => other - one).map(([file, points]) => `${points} ${file}`),
  };
}

/** `src/a/b.ts`: `test/a/b.test.ts` or `test/a/b.worker.test.ts`; of other folders with their name before it. */
function testsOf(file: string): string[] {
  const path = `test/${file.replace(/^src\//, "").replace(/\.tsx?$/, "")}`;
  return [`${path}.test.ts`, `${path}.worker.test.ts`];
}
