// What every object's core needs of the world. The objects implement these over the platform (platform.ts), tests over
// a clock they move themselves, the simulator runs the objects as they are.

export type Cancel = () => void;

export interface ClockPorts {
  /** Epoch ms of this machine. */
  now(): number;
  /** Calls `run` once after `ms`, unless cancelled. Lost with the incarnation. */
  after(ms: number, run: () => void): Cancel;
}

export interface ObjectPorts extends ClockPorts {
  /** Something that should not happen but is survived. `transactionId`: of the call it is about,
   * where it is about one. */
  warn(text: string, transactionId?: string): void;
}

export interface AlarmPorts extends ObjectPorts {
  /** The object's one alarm, at this epoch ms, durable with the writes of the same turn; replaces an earlier one. */
  setAlarm(at: number): void;
}
