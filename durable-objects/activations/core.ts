// The activation store of one namespace and shard: rows of accepted work, records of finished work. An incarnation of the
// object is one StoreCore; all that matters is in its database.

import type { About, ActivationRecord } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { ActivationQuery, Finished, Offer, OpenRow, SchedulerName, StoreName } from "../../src/protocol/rpc.ts";
import type { Database } from "../schema.ts";
import type { StorePorts } from "./ports.ts";

/** As ActivationStoreRpc in src/protocol/rpc.ts; what is synchronous here is durable when the object's reply leaves. */
export class StoreCore {
  constructor(name: StoreName, options: { database: Database; ports: StorePorts }) {
    throw new Error(`not written: ${name} ${typeof options}`);
  }

  accept(
    _invocations: Invocation[],
    _options: { candidates: SchedulerName[] },
  ): { kind: "accepted" } | { kind: "full" } {
    throw new Error("not written");
  }
  open(_row: OpenRow): void {
    throw new Error("not written");
  }
  await(_id: ActivationId, _options: { ms: number }): Promise<{ record: ActivationRecord | null; known: boolean }> {
    throw new Error("not written");
  }
  complete(_finished: Finished[], _from: { scheduler: SchedulerName; epoch: number }): void {
    throw new Error("not written");
  }
  fail(_id: ActivationId, _options: { about: About; reason: string }): ActivationRecord {
    throw new Error("not written");
  }
  declined(_items: { id: ActivationId; attempt: number }[], _from: { scheduler: SchedulerName }): void {
    throw new Error("not written");
  }
  pull(_scheduler: SchedulerName, _options: { epoch: number; boot: string; memory: number; max: number }): Offer[] {
    throw new Error("not written");
  }
  get(_id: ActivationId): { record: ActivationRecord | null; known: boolean } {
    throw new Error("not written");
  }
  list(_query: ActivationQuery): ActivationRecord[] {
    throw new Error("not written");
  }
  count(_query: ActivationQuery): number {
    throw new Error("not written");
  }
  backlog(): { waiting: number; running: number; oldestWaitMs: number; reason?: string } {
    throw new Error("not written");
  }
  /** The object's alarm. Safe to run at any time and twice. Resolves when the round is over. */
  alarm(): Promise<void> {
    throw new Error("not written");
  }
}
