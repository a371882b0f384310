// Two ways to make the same call, measured in pairs that take turns who is first: what differs within a pair is not the
// machine's doing. A measure that takes longer than one run may is made in pieces: each pair is kept in a file, and
// those that are there count.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { median } from "./load.ts";

export interface PairOptions {
  /** What is compared, for the file. */
  name: string;
  pairs: number;
  /** File of pairs that were measured before; "" = none is kept. */
  into: string;
  /** ms of each. */
  plain: () => Promise<number>;
  other: () => Promise<number>;
}

export interface Pair {
  name: string;
  plain: number;
  other: number;
}

export async function measurePairs({ name, pairs, into, plain, other }: PairOptions): Promise<Pair[]> {
  const found = into !== "" && existsSync(into) ? readFileSync(into, "utf8").split("\n").filter(Boolean) : [];
  const done = found.map((line) => JSON.parse(line) as Pair).filter((each) => each.name === name);
  for (let at = done.length; at < pairs; at++) {
    const pair = { name, plain: 0, other: 0 };
    const order = at % 2 === 0 ? (["plain", "other"] as const) : (["other", "plain"] as const);
    for (const which of order) pair[which] = await (which === "plain" ? plain() : other());
    done.push(pair);
    if (into !== "") appendFileSync(into, `${JSON.stringify(pair)}\n`);
    process.stderr.write(
      `bench: pair ${at + 1} of ${name}: ${pair.plain.toFixed(3)} and ${pair.other.toFixed(3)} ms\n`,
    );
  }
  return done;
}

/** Their median, and what holds it with 95 %, by order statistics: of fifteen the fourth from either end. */
export function medianWithRange(values: readonly number[]): { middle: number; low: number; high: number } {
  const sorted = values.toSorted((one, other) => one - other);
  const cut = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  return { middle: median([...values]), low: sorted.at(cut) ?? Number.NaN, high: sorted.at(-1 - cut) ?? Number.NaN };
}
