// Where the rows of calls go that wait for a host.

/** What a store is told of calls it takes. */
export interface Placing {
  /** The schedulers to offer to, home first. */
  candidates: string[];
  /** Why there are none. */
  obstacle?: string;
  /** Of one call: a row was opened for its run at this scheduler, which has said since that it has not started the run
   * and will not. The row waits from now on; where there is none, it is a call like any other. */
  refusedBy?: string;
}
