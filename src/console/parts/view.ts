// What a view is, and what it is given.

import type { ComponentType } from "preact";

export interface ViewProps {
  /** The parts of the address after the view's name. */
  rest: readonly string[];
  query: URLSearchParams;
}

export interface View {
  /** Its name in addresses. */
  id: string;
  title: string;
  /** Who is signed in. */
  for: "key" | "operator";
  /** After `g`. Letters are used once for each of `for`. */
  letter: string;
  /** Read when it is shown first. */
  load: () => Promise<{ default: ComponentType<ViewProps> }>;
}
