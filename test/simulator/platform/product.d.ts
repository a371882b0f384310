// The object classes as the simulator uses them; load.ts puts platform/product.worker.ts in place of this name. They
// are typed against workerd, which the types of this folder do not know.

declare module "simulated:product" {
  type ObjectClass = new (ctx: never, env: never) => object;
  export const InvokerScheduler: ObjectClass;
  export const ActivationStore: ObjectClass;
  export const Composition: ObjectClass;
  export const Throttle: ObjectClass;
  export const Roster: ObjectClass;
  export function openRecordTable(env: unknown): import("../../../src/storage/record-table.ts").RecordTable;
  export function openRecordSegments(env: unknown): import("../../../src/storage/record-segments.ts").RecordSegments;
}
