// Whether the secrets this deployment is given are those its keys were sealed with. Only check values are compared and
// kept: a secret cannot be read from them. Pure, but for the check values themselves.

import { derive, type MasterSecret, mac } from "./sealing.ts";

/** A binding, secret or variable that is not as it must be. */
export interface Fault {
  variable: string;
  /** What is wrong, and the way out. */
  reason: string;
}

/** Check values of the secrets that are given. */
export interface Checks {
  current: string;
  previous: string | null;
}

/** Kept with the keys. `formerly`: of the secret that some keys may still be sealed with, or null. */
export interface NotedChecks {
  current: string;
  formerly: string | null;
}

/** Which secret opens the oldest keys there are; "empty": none was given when they were made. */
export type OpenedBy = "no keys" | "current" | "previous" | "empty" | "neither";

export type SecretVerdict =
  | { kind: "good" }
  /** Good, and this is to be noted first. */
  | { kind: "note"; checks: NotedChecks }
  | { kind: "fault"; fault: Fault };

const WRONG =
  "is not the one the stored keys were sealed with: put that one back, or set it as MASTER_SECRET_PREVIOUS beside the new one";

export async function checksOf({ current, previous }: MasterSecret): Promise<Checks> {
  const checkOf = async (secret: string) => mac(await derive(secret, "check"), "master secret");
  return { current: await checkOf(current), previous: previous === null ? null : await checkOf(previous) };
}

/** `noted`: null where nothing has been noted yet; then the keys themselves are asked. */
export function verdictOf(noted: NotedChecks | null, given: Checks, openedBy: OpenedBy): SecretVerdict {
  const { current, previous } = given;
  if (noted === null) {
    if (openedBy === "neither") return wrong("MASTER_SECRET", WRONG);
    const older = openedBy === "current" || openedBy === "previous";
    return { kind: "note", checks: { current, formerly: older ? previous : null } };
  }
  if (noted.current === current) {
    if (noted.formerly === null || noted.formerly === previous) return { kind: "good" };
    return wrong(
      "MASTER_SECRET_PREVIOUS",
      "is missing or another one, while keys are still sealed with it: put it back, and let 'edgewhisk reseal' say when it may go",
    );
  }
  if (previous === null || noted.current !== previous) return wrong("MASTER_SECRET", WRONG);
  // Back to the secret of before is a rotation as well.
  if (noted.formerly === null || noted.formerly === current || noted.formerly === previous) {
    return { kind: "note", checks: { current, formerly: previous } };
  }
  return wrong(
    "MASTER_SECRET",
    "was changed while keys are still sealed with the one before the last: put the last one back with its MASTER_SECRET_PREVIOUS, " +
      "run 'edgewhisk reseal', then change it again",
  );
}

function wrong(variable: string, reason: string): SecretVerdict {
  return { kind: "fault", fault: { variable, reason } };
}
