// What a package of `/whisk.system` is made of: its description, and its actions with the function behind each.

import type { RawJson } from "../entities/raw-json.ts";
import type { BuiltinContext } from "../invocation/builtin.ts";
import type { SystemPorts } from "./ports.ts";

/** Annotations by name; values are any JSON. */
export type Notes = Readonly<Record<string, unknown>>;

/** The function behind an action of kind `builtin`: as `Builtin`, with what it may ask of the platform. */
export type SystemFunction = (args: RawJson, context: BuiltinContext, ports: SystemPorts) => RawJson | Promise<RawJson>;

/** `notes`: `feed: true` makes a feed of it; a key is given to none that does not ask by `provide-api-key`.
 * `parameters`: values by name, which it is called with. */
export type SystemAction = { notes: Notes; parameters?: Notes } & (
  | { run: SystemFunction }
  /** JavaScript, run in a container as anybody's: what takes long, prints, or speaks with other machines. */
  | { code: string }
);

export interface SystemPackage {
  name: string;
  /** Others may read and bind it. Absent: yes. */
  publish?: boolean;
  notes: Notes;
  /** Values by name, which its actions are called with. */
  parameters?: Notes;
  actions: Readonly<Record<string, SystemAction>>;
}
