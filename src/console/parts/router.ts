// Where the user is: `#/view/part/part?name=value`. Nothing secret ever stands there.

import { signal } from "@preact/signals";

export interface Route {
  view: string;
  /** The decoded parts after the view. */
  rest: readonly string[];
  query: URLSearchParams;
}

export const route = signal<Route>(routeOf(location.hash));

export function routeOf(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...rest] = path
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
  return { view, rest, query: new URLSearchParams(search) };
}

/** An address of a view; values that are "" are left out. */
export function hrefOf(
  view: string,
  rest: readonly string[] = [],
  query: Readonly<Record<string, string>> = {},
): string {
  const path = [view, ...rest].map(encodeURIComponent).join("/");
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return `#/${path}${given.length === 0 ? "" : `?${new URLSearchParams(given)}`}`;
}

export function go(href: string): void {
  location.hash = href;
}

/** The same place with another question; it is no step back of its own. */
export function replaceQuery(query: Readonly<Record<string, string>>): void {
  const { view, rest } = route.peek();
  history.replaceState(null, "", hrefOf(view, rest, query));
  route.value = routeOf(location.hash);
}

/** Called once. */
export function watchRoute(): void {
  addEventListener("hashchange", () => {
    route.value = routeOf(location.hash);
  });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
