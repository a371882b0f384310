// What takes a rule out of the product, and by whom that is found.

import type { Patch } from "../load.ts";
import type { Fault } from "../world/scenario.ts";

export interface Mutation {
  name: string;
  patches: Patch[];
  /** Seeds with this one fault find it sooner. */
  only?: Fault;
  /** Found it last, and is tried first: where worlds have changed since, the others are tried as well. */
  seed?: number;
}
