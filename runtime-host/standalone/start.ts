// What each part of a start is given, beside what the parts before it have made.

import type { StandaloneConfig } from "./config.ts";
import type { TakeDown } from "./take-down.ts";

export interface Start extends Pick<TakeDown, "onStop" | "isStopping"> {
  config: StandaloneConfig;
  /** Of this checkout. */
  root: string;
  /** Version and commit, and when that was made (ISO 8601). */
  build: Promise<readonly [build: string, date: string]>;
  log: (line: string) => void;
  /** Something that cannot be mended: the caller should stop. */
  onGone: (reason: string) => void;
}
