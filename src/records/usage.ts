// How much the records of a namespace take, by the places where they are.

import { idsOf, type Namespace } from "../entities/identity.ts";
import type { ActivationStoreRpc } from "../protocol/rpc.ts";
import type { Amount } from "../protocol/upkeep.ts";
import type { RecordUpkeep } from "../storage/record-upkeep.ts";

export interface UsagePorts {
  stores(namespace: Namespace): readonly Pick<ActivationStoreRpc, "holdings">[];
  table(namespace: Namespace): Pick<RecordUpkeep, "binding" | "usage">;
}

/** `total`: each record once, as far as they stand still meanwhile. Bytes of `d1` are those of the texts, and of
 * results and logs beside them, as those of `object` are; of `r2` those of whole segments, which are compressed, and of
 * results and logs beside them. What is dropped by and by is counted in both until it is gone. */
export interface Usage {
  total: Amount;
  /** Still in the objects. */
  object: Amount;
  d1: Amount & { binding: string };
  r2: Amount;
}

export async function usageOf({ stores, table }: UsagePorts, namespace: Namespace): Promise<Usage> {
  const holdings = await Promise.all(stores(namespace).map((store) => store.holdings()));
  const { binding } = table(namespace);
  const d1 = await table(namespace).usage(idsOf(namespace));
  const mixed = holdings.flatMap((each) => each.mixed.map(({ count, bytes }) => ({ records: count, bytes })));
  const shelved = sum([...holdings.map((each) => each.shelved), ...mixed]);
  return {
    total: sum([d1, shelved, ...holdings.map((each) => each.own)]),
    object: sum(holdings.map((each) => each.here)),
    d1: { binding, ...d1 },
    r2: sum([shelved, ...holdings.map((each) => each.twins)]),
  };
}

function sum(amounts: readonly Amount[]): Amount {
  const total = { records: 0, bytes: 0 };
  for (const { records, bytes } of amounts) {
    total.records += records;
    total.bytes += bytes;
  }
  return total;
}
