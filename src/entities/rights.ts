// What a key may do in its namespace. Whoever has a say in what runs (who calls, who wrote the action, its package, the rule,
// the sequence around it) lends it no more than he has himself: what runs has what all of them have in common.

/** "use": invoke, fire, read, and write triggers and rules. "deploy": actions and packages as well. "owner": everything; only
 * stored keys have it. */
export type Rights = "use" | "deploy" | "owner";

const ORDER: readonly Rights[] = ["use", "deploy", "owner"];
const USE: ReadonlySet<string> = new Set(["POST actions", "POST triggers", "POST rules"]);
const USE_WRITES: ReadonlySet<string> = new Set(["triggers", "rules"]);
const DEPLOY_WRITES: ReadonlySet<string> = new Set([...USE_WRITES, "actions", "packages"]);
const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export function isAbove(one: Rights, other: Rights): boolean {
  return ORDER.indexOf(one) > ORDER.indexOf(other);
}

/** What all of these have in common; absent ones have a say in nothing. */
export function common(...all: readonly (Rights | undefined)[]): Rights {
  return all.reduce<Rights>((least, each) => (each !== undefined && isAbove(least, each) ? each : least), "owner");
}

/** Whether a key with these rights may send this verb to this collection. What is not known here is for stored keys only. */
export function mayRequest(rights: Rights, { method, collection }: { method: string; collection: string }): boolean {
  if (rights === "owner" || READS.has(method) || USE.has(`${method} ${collection}`)) return true;
  if (method !== "PUT" && method !== "DELETE") return false;
  return (rights === "deploy" ? DEPLOY_WRITES : USE_WRITES).has(collection);
}
