// Bugs that the simulator must find: each is a patch of one rule in the product's text, with the promise it breaks.
// Where two parts guard the same promise, the mutation takes both guards away, since one alone is meant to suffice.

import { CALLS } from "./mutations/calls.ts";
import { EVENTS } from "./mutations/events.ts";
import type { Mutation } from "./mutations/mutation.ts";
import { PLACES } from "./mutations/places.ts";

/** A guard that only the guard it stands behind keeps idle (the host's refusal of lower epochs, the match of leases)
 * has no mutation: no world in which the other one works can tell. */
export const MUTATIONS: Mutation[] = [...CALLS, ...EVENTS, ...PLACES];
