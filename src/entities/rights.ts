// What a key may do in its namespace. Whoever has a say in what runs (who calls, who wrote the action, its package, the
// rule, the sequence around it) lends it no more than he has himself: what runs has what all of them have in common.

/** "read": get, list, logs. "invoke": invoke and fire. "use": both, and write triggers and rules. "deploy": actions and
 * packages as well. "owner": everything; only stored keys have it. "none": what "read" and "invoke" have in common. */
export type Rights = "none" | "read" | "invoke" | "use" | "deploy" | "owner";

/** One thing that may be done: "read" what is there, and its "records"; "invoke" actions; "fire" triggers; "wire"
 * triggers and rules, write them; "deploy" actions and packages; "own" what is the owner's alone. "enter": everybody
 * with a key. */
export type Right = "enter" | "read" | "records" | "invoke" | "fire" | "wire" | "deploy" | "own";

/** What a stored key is for. */
export const ROLES = ["owner", "developer", "invoker", "reader"] as const;
export type Role = (typeof ROLES)[number];

export const RIGHTS_OF_ROLE: Readonly<Record<Role, Rights>> = {
  owner: "owner",
  developer: "deploy",
  invoker: "invoke",
  reader: "read",
};

const READ: readonly Right[] = ["enter", "read", "records"];
const INVOKE: readonly Right[] = ["enter", "invoke", "fire"];
const USE: readonly Right[] = [...READ, "invoke", "fire", "wire"];
const DEPLOY: readonly Right[] = [...USE, "deploy"];
const HELD: Readonly<Record<Rights, ReadonlySet<Right>>> = {
  none: new Set(["enter"]),
  read: new Set(READ),
  invoke: new Set(INVOKE),
  use: new Set(USE),
  deploy: new Set(DEPLOY),
  owner: new Set([...DEPLOY, "own"]),
};
const RANK: Readonly<Record<Rights, number>> = { none: 0, read: 1, invoke: 1, use: 2, deploy: 3, owner: 4 };

/** Whether one has something that the other has not. */
export function isAbove(one: Rights, other: Rights): boolean {
  return inCommon(one, other) !== one;
}

/** What all of these have in common; absent ones have a say in nothing. */
export function common(...all: readonly (Rights | undefined)[]): Rights {
  return all.reduce<Rights>((least, each) => (each === undefined ? least : inCommon(least, each)), "owner");
}

function inCommon(one: Rights, other: Rights): Rights {
  if (RANK[one] === RANK[other]) return one === other ? one : "none";
  return RANK[one] < RANK[other] ? one : other;
}

export function holdsRight(rights: Rights, right: Right): boolean {
  return HELD[rights].has(right);
}

/** The roles that have it. */
export function rolesWith(right: Right): Role[] {
  return ROLES.filter((role) => holdsRight(RIGHTS_OF_ROLE[role], right));
}
