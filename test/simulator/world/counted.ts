// When all is over, the figures of each namespace tell each activation once, whatever was lost,
// repeated or crashed meanwhile.

import type { FiguresPage } from "../../../src/protocol/figures.ts";
import type { World } from "./world.ts";

/** `records`: as many have been listed, where they are stored. */
export async function counted(
  world: World,
  { uuid, storing }: { uuid: string; storing: boolean },
  records: number,
): Promise<void> {
  const nodes = world.nodes("store").filter((node) => node.name.startsWith(uuid));
  let all = 0;
  let actions = 0;
  for (const { name } of nodes) {
    const store = world.bindings.ACTIVATIONS.getByName(name);
    const page = await store.figures({ step: "day", since: 0, upto: 8e15 });
    if (page === null) throw new Error("figures were too much");
    all += countOf(page);
    actions += countOf({ ...page, names: page.names.filter(({ key }) => key.type === "action") });
    const inSeries = page.series.reduce((sum, { figures }) => sum + figures.count, 0);
    if (inSeries !== countOf(page)) world.history.violate(`figures of ${name}: ${inSeries} by time, not as by name`);
  }
  const asked = "SELECT value AS n FROM counters WHERE name = 'unstored'";
  const unstored = nodes
    .flatMap(({ shelf }) => shelf.sql.exec<{ n: number }>(asked).toArray())
    .reduce((sum, { n }) => sum + n, 0);
  const [told, wanted] = storing ? [all, records] : [actions, unstored];
  if (told !== wanted) world.history.violate(`figures of ${uuid} tell ${told} of ${wanted} activations`);
}

function countOf({ names }: FiguresPage): number {
  return names.reduce((sum, { figures }) => sum + figures.count, 0);
}
