// Which Schedule objects there are, for who looks after lost alarms: one row per object,
// written when it begins to keep schedules.

/** An object's entry; `stamp` tells this entry from a later one of the same name. */
export interface ScheduleObject {
  name: string;
  stamp: string;
}

/** Of all namespaces. Names are those of the objects. */
export interface ScheduleObjects {
  add(name: string): Promise<void>;
  /** It keeps nothing any more; a later entry of its name stays. */
  remove(object: ScheduleObject): Promise<void>;
  /** `max` of them; with each `turn` (a number that counts on) the next ones,
   * and from the beginning when all had their turn. */
  some(turn: number, max: number): Promise<ScheduleObject[]>;
}
