// A namespace's subject is barred for a while, as the administrator's door tells the stores; and the judge of it: what
// comes to the stores meanwhile is never started.

import type { World } from "./world.ts";

/** From when on all its stores have said yes until one is told otherwise (ms). */
export interface Bar {
  namespace: string;
  from: number;
  until: number;
}

export function bar(world: World, { victim, length }: { victim: number; length: number }): void {
  const { kernel, outside, scenario } = world;
  const { name, uuid } = scenario.namespaces[Math.floor(victim * scenario.namespaces.length)]!;
  const stores = Array.from(
    { length: scenario.shards },
    (_, shard) => `${uuid}:${shard.toString(16).padStart(2, "0")}`,
  );
  const bars: Bar = { namespace: uuid, from: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY };
  world.bars.push(bars);
  const tell = async (barred: boolean): Promise<void> => {
    kernel.owner = outside;
    await Promise.all(
      stores.map((store) => world.bindings.ACTIVATIONS.getByName(store).bar(name, { barred, everybody: false })),
    );
  };
  const until = (barred: boolean, then: () => void): void => {
    tell(barred).then(then, () => kernel.after(500, outside, () => until(barred, then)));
  };
  until(true, () => {
    bars.from = kernel.elapsed;
    kernel.after(length, outside, () => {
      bars.until = kernel.elapsed;
      until(false, () => undefined);
    });
  });
}

/** Of calls nobody waits for: those always go by a store. */
export function neverStarted(world: World): void {
  const { calls, starts } = world.history;
  for (const { namespace, from, until } of world.bars)
    for (const call of calls) {
      if (call.namespace !== namespace || call.blocking || call.composition === true) continue;
      if (call.sentAt <= from || (call.toldAt ?? until) >= until) continue;
      const { told } = call;
      if (told?.kind !== "accepted" || !starts.some((each) => each.id === told.id)) continue;
      world.history.violate(`call ${call.number} was started though its namespace was barred`);
    }
}
