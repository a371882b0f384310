// What a scheduler's object keeps: its epoch, the drain flag, since when leases are proofs.

import type { SchedulerMemory } from "./ports.ts";

interface Kv {
  get<T>(key: string): T | undefined;
  put<T>(key: string, value: T): void;
}

export function memoryOf(kv: Kv): SchedulerMemory {
  return {
    load() {
      const provenSince = kv.get<number>("provenSince");
      return {
        epoch: kv.get<number>("epoch") ?? 0,
        draining: kv.get<boolean>("draining") ?? false,
        ...(provenSince === undefined ? {} : { provenSince }),
      };
    },
    saveEpoch: (epoch) => kv.put("epoch", epoch),
    saveProvenSince: (at) => kv.put("provenSince", at),
    saveDraining: (on) => kv.put("draining", on),
  };
}
