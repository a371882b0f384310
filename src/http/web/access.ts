// Who may call a web action that is not for everybody.

import { equalTexts } from "../../entities/credential.ts";
import type { Identity } from "../../entities/identity.ts";
import { type RawJson, shapeOf } from "../../entities/raw-json.ts";

/** What the annotation `require-whisk-auth` asks for: a secret in a header, or a caller who is known. `wanted`: its value;
 * absent: everybody may. `key`: what the header X-Require-Whisk-Auth holds. */
export function mayCall(wanted: RawJson | undefined, given: { user: Identity | null; key: string | null }): boolean {
  if (wanted === undefined) return true;
  switch (shapeOf(wanted)) {
    case "boolean":
      return wanted.trim() === "false" || given.user !== null;
    case "string":
      return given.key !== null && equalTexts(given.key, JSON.parse(wanted) as string);
    case "number":
      return given.key !== null && equalTexts(given.key, wanted.trim());
    default:
      return false;
  }
}
