// An action of kind `builtin` is a function over the raw arguments, in `system/`.

import type { ActivationId } from "../entities/activation-id.ts";
import type { Identity } from "../entities/identity.ts";
import type { RawJson } from "../entities/raw-json.ts";

/** All that a built-in action may know. */
export interface BuiltinContext {
  /** The invoking namespace. */
  namespace: string;
  /** Who calls, without the key he came with. */
  caller: Omit<Identity, "key">;
  /** Who may come in with this key (`uuid:secret`), or null: asked for by who is handed keys as arguments. Absent where
   * nobody can tell. */
  callerWith?: (key: string) => Promise<Omit<Identity, "key"> | null>;
  activationId: ActivationId;
  /** Scheme and host under which this platform was reached, or "". */
  apiHost: string;
  /** Epoch ms. */
  now: number;
}

/** Returns the text of a JSON object; one with `error` is an application error. */
export type Builtin = (args: RawJson, context: BuiltinContext) => RawJson | Promise<RawJson>;
