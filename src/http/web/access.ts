// Who may call a web action that is not for everybody.

import { equalTexts } from "../../entities/credential.ts";
import type { Identity } from "../../entities/identity.ts";
import { refusalOf } from "../../entities/permission.ts";
import { type RawJson, shapeOf } from "../../entities/raw-json.ts";
import type { ScopedName } from "../../entities/scope.ts";
import { type Failure, fail } from "../../errors.ts";

interface Given {
  /** Who is known to call. */
  user: Identity | null;
  /** What the header X-Require-Whisk-Auth holds. */
  key: string | null;
  /** What is called. */
  action: ScopedName;
}

/** Why the caller may not, or null. The annotation `require-whisk-auth` asks for a secret in a header, or for a caller
 * who is known and may call the action by its name. `wanted`: its value; absent: everybody may. */
export function accessFault(wanted: RawJson | undefined, { user, key, action }: Given): Failure | null {
  if (wanted === undefined) return null;
  switch (shapeOf(wanted)) {
    case "boolean":
      if (wanted.trim() === "false") return null;
      return user === null ? fail("not-authenticated") : refusalOf(user, { right: "invoke", name: action });
    case "string":
      return key !== null && equalTexts(key, JSON.parse(wanted) as string) ? null : fail("not-authenticated");
    case "number":
      return key !== null && equalTexts(key, wanted.trim()) ? null : fail("not-authenticated");
    default:
      return fail("not-authenticated");
  }
}
