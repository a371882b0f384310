// Two ways to make the same call, measured in pairs. Within a pair they take turns in short blocks of calls, each first
// as often as the other: what the machine does meanwhile, it does to both. A measure that takes longer than one run may
// is made in pieces: each pair is kept in a file, and those that are there count.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { median } from "./load.ts";

export interface PairOptions {
  /** What is compared, for the file. */
  name: string;
  pairs: number;
  /** Calls of each in a pair. */
  calls: number;
  /** File of pairs that were measured before; "" = none is kept. */
  into: string;
  /** Makes so many calls; ms of each. */
  plain: (calls: number) => Promise<number[]>;
  other: (calls: number) => Promise<number[]>;
}

/** p50 in ms of all calls of a pair. */
export interface Pair {
  name: string;
  plain: number;
  other: number;
  /** The same of each two blocks that followed each other. */
  blocks: [number, number][];
}

/** Calls in a row: a quarter of a second, so that a neighbour's burst falls on both. */
const BLOCK = 100;

export async function measurePairs({ name, pairs, calls, into, plain, other }: PairOptions): Promise<Pair[]> {
  const found = into !== "" && existsSync(into) ? readFileSync(into, "utf8").split("\n").filter(Boolean) : [];
  const done = found.map((line) => JSON.parse(line) as Pair).filter((each) => each.name === name);
  const ways = { plain, other };
  for (let at = done.length; at < pairs; at++) {
    const times: Record<keyof typeof ways, number[]> = { plain: [], other: [] };
    const blocks: [number, number][] = [];
    for (let block = 0; block * BLOCK < calls; block++) {
      const count = Math.min(BLOCK, calls - block * BLOCK);
      const own = { plain: Number.NaN, other: Number.NaN };
      for (const way of (at + block) % 2 === 0 ? (["plain", "other"] as const) : (["other", "plain"] as const)) {
        const taken = await ways[way](count);
        own[way] = median(taken);
        times[way].push(...taken);
      }
      blocks.push([own.plain, own.other]);
    }
    const pair = { name, plain: median(times.plain), other: median(times.other), blocks };
    done.push(pair);
    if (into !== "") appendFileSync(into, `${JSON.stringify(pair)}\n`);
    process.stderr.write(
      `bench: pair ${at + 1} of ${name}: ${pair.plain.toFixed(3)} and ${pair.other.toFixed(3)} ms\n`,
    );
  }
  return done;
}

export interface Range {
  middle: number;
  low: number;
  high: number;
}

/** What `differenceOf` says of the pairs, and of all their blocks, which are many more. */
export function differences(
  pairs: readonly Pair[],
  differenceOf: (plain: number, other: number) => number,
): { ofPairs: Range; ofBlocks: Range; blocks: number } {
  const blocks = pairs.flatMap((pair) => pair.blocks);
  return {
    ofPairs: medianWithRange(pairs.map(({ plain, other }) => differenceOf(plain, other))),
    ofBlocks: medianWithRange(blocks.map(([plain, other]) => differenceOf(plain, other))),
    blocks: blocks.length,
  };
}

/** Their median, and what holds it with 95 %, by order statistics: of fifteen the fourth from either end. */
export function medianWithRange(values: readonly number[]): Range {
  const sorted = values.toSorted((one, other) => one - other);
  const cut = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  return { middle: median([...values]), low: sorted.at(cut) ?? Number.NaN, high: sorted.at(-1 - cut) ?? Number.NaN };
}
