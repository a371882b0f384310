// Which hosts run something else than they should: another build, or another image for a kind than most have.

import type { RosterEntry } from "../../protocol/rpc.ts";

export interface MarkedEntry extends RosterEntry {
  /** "build", and the kinds whose image or interpreter is not the one most hosts with the same engine have. */
  differs: string[];
}

const BUILD = "build";

/** `wanted`: the Worker's own build, which is the right one; undefined where it does not know it. */
export function withDifferences(entries: readonly RosterEntry[], wanted?: string): MarkedEntry[] {
  const common = mostCommon(entries.flatMap(featuresOf));
  if (wanted !== undefined) common.set(BUILD, wanted);
  return entries.map((entry) => ({
    ...entry,
    differs: featuresOf(entry)
      .filter(({ feature, value }) => common.get(feature) !== value)
      .map(({ name }) => name),
  }));
}

interface Feature {
  name: string;
  feature: string;
  value: string;
}

function featuresOf(entry: RosterEntry): Feature[] {
  const runtimes = entry.runtimes.map(({ kind, digest }) => ({
    name: kind,
    feature: `${entry.engine} ${kind}`,
    value: digest,
  }));
  return [{ name: BUILD, feature: BUILD, value: entry.build }, ...runtimes];
}

/** The value most have; where two are as frequent, the one that sorts first, so that everybody sees the same. */
function mostCommon(features: readonly Feature[]): Map<string, string> {
  const chosen = new Map<string, string>();
  for (const [feature, group] of Map.groupBy(features, (each) => each.feature)) {
    const byValue = [...Map.groupBy(group, (each) => each.value)];
    byValue.sort(([one, some], [other, more]) => more.length - some.length || (one < other ? -1 : 1));
    chosen.set(feature, byValue[0]?.[0] ?? "");
  }
  return chosen;
}
