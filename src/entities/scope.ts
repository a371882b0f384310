// Which names a key may use, as patterns: `name` and `pkg/name` stand for themselves, one that ends with `*` for all
// that begin so. `pkg/*` is the package `pkg` and all that is in it. They are names of the key's own namespace; those
// of another begin with `/namespace/`. What ships with the platform is everybody's and needs none.
//
// Of two patterns either one holds the other or they have nothing in common, so that what two scopes have in common is
// a scope again.

import { SYSTEM_NAMESPACE } from "./names.ts";

/** Patterns; a name is in it if one of them holds it. An absent scope holds everything, an empty one nothing. */
export type Scope = readonly string[];

/** Patterns of one key, and characters of one. */
export const MAX_PATTERNS = 20;
export const MAX_PATTERN = 128;
/** Characters of all patterns of what several scopes have in common: it travels with calls,
 * and in the keys of actions. */
const MAX_TEXT = 2_000;

const SEGMENT = "\\w[\\w@ .&-]*";
const PATTERN = new RegExp(`^(?:/${SEGMENT}/)?(?:${SEGMENT}/)?(?:${SEGMENT}\\*?|\\*)$`);

/** Whether a text can be a pattern. */
export function isPattern(text: string): boolean {
  return text.length <= MAX_PATTERN && PATTERN.test(text);
}

/** What a pattern is held against: `path` is `ns` or `ns/package`. Without a name,
 * the package itself with all in it. */
export interface ScopedName {
  path: string;
  name?: string;
}

/** Whether the name may be used by a key of the namespace `own` with this scope. */
export function holds(scope: Scope | undefined, own: string, name: ScopedName): boolean {
  if (scope === undefined) return true;
  const text = textOf(own, name);
  return text === null || scope.some((pattern) => fits(pattern, text));
}

/** A name as its key's scope sees it, or null for what is everybody's. */
function textOf(own: string, { path, name = "" }: ScopedName): string | null {
  const [home = "", bundle] = path.split("/");
  if (home === SYSTEM_NAMESPACE && own !== SYSTEM_NAMESPACE) return null;
  const inside = bundle === undefined ? name : `${bundle}/${name}`;
  return home === own ? inside : `/${home}/${inside}`;
}

function fits(pattern: string, text: string): boolean {
  if (pattern.startsWith("/") !== text.startsWith("/")) return false;
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** What is in both. */
export function inBoth(one: Scope | undefined, other: Scope | undefined): Scope | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const pairs = one.flatMap((mine) =>
    other.map((theirs) => (within(mine, theirs) ? mine : within(theirs, mine) ? theirs : null)),
  );
  const all = [...new Set(pairs.filter((each) => each !== null))].toSorted();
  const least = all.filter((each) => !all.some((wider) => wider !== each && within(each, wider)));
  let size = 0;
  // What is left out is refused: less is had in common, never more.
  return least.filter((each) => {
    size += each.length;
    return size <= MAX_TEXT;
  });
}

/** Whether all that one pattern holds the other holds, too. */
function within(narrow: string, wide: string): boolean {
  if (narrow === wide) return true;
  return wide.endsWith("*") && fits(wide, narrow.endsWith("*") ? narrow.slice(0, -1) : narrow);
}

/** Whether `scope` leaves out something that `whole` holds. */
export function isNarrower(scope: Scope | undefined, whole: Scope | undefined): boolean {
  if (scope === undefined) return false;
  if (whole === undefined) return true;
  return whole.some((pattern) => !scope.some((wider) => within(pattern, wider)));
}

/** As lists of a store are asked for: conditions on a name's text, each a beginning or the whole. */
export interface NamesWanted {
  begins: string[];
  whole: string[];
}

/** The part of a scope that is about the namespace whose list is asked for; null: all of it. Texts are `ns/name`,
 * `ns/package/name`, and of a package `ns/package/`. */
export function namesIn(
  namespace: string,
  { scope, own }: { scope: Scope | undefined; own: string },
): NamesWanted | null {
  if (scope === undefined || (namespace === SYSTEM_NAMESPACE && own !== SYSTEM_NAMESPACE)) return null;
  const absolute = scope.map((pattern) => (pattern.startsWith("/") ? pattern.slice(1) : `${own}/${pattern}`));
  const here = absolute.filter((pattern) => pattern.startsWith(`${namespace}/`));
  return {
    begins: here.filter((each) => each.endsWith("*")).map((each) => each.slice(0, -1)),
    whole: here.filter((each) => !each.endsWith("*")),
  };
}

/** Whether a text as `namesIn` says is one of them. */
export function isWanted({ begins, whole }: NamesWanted, text: string): boolean {
  return whole.includes(text) || begins.some((each) => text.startsWith(each));
}
