// The annotation by which an action asks for a key.

import type { Parameter } from "./action.ts";
import { isTruthy, parameterValue } from "./parameters.ts";
import type { Rights } from "./rights.ts";

const ANNOTATION = "provide-api-key";

/** What the annotations of an action ask for its key: "owner" the caller's own one, any other true value one that
 * expires. Where the annotation is missing the action gets a key, as with OpenWhisk; actions created here say false
 * unless told otherwise. Null: no key. */
export function askedRights(annotations: readonly Parameter[]): Rights | null {
  const value = parameterValue(annotations, ANNOTATION)?.trim();
  if (value === '"owner"') return "owner";
  if (value === '"deploy"') return "deploy";
  return value === undefined || isTruthy(annotations, ANNOTATION) ? "use" : null;
}
