// What is counted for the metrics at all, as the operator says.

export interface Metering {
  /** Anything is. */
  readonly isOn: boolean;
  /** Names of namespaces whose calls are not told by action or namespace. What the platform as a whole does is counted
   * all the same. */
  readonly ignored: ReadonlySet<string>;
}

export const ALL_COUNTED: Metering = { isOn: true, ignored: new Set() };
