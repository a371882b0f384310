// What the core of a Sources object needs of the world.

import type { SourceHelpRpc } from "../../src/protocol/sources.ts";
import type { AlarmPorts } from "../shared/ports.ts";

export interface SourcesPorts extends AlarmPorts {
  worker: SourceHelpRpc;
  /** A name that was never used before. */
  fresh(): string;
}
