// The product's object classes, for simulated worlds only.

export { ActivationStore } from "../../../durable-objects/activations/activation-store.ts";
export { Composition } from "../../../durable-objects/composition/composition.ts";
export { Roster } from "../../../durable-objects/roster/roster.ts";
export { InvokerScheduler } from "../../../durable-objects/scheduler/invoker-scheduler.ts";
export { Throttle } from "../../../durable-objects/throttle/throttle.ts";
export { openRecordSegments, openRecordTable } from "../../../src/storage/open.ts";
