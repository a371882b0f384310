// The views, in the order in which they stand in the menu. A new one: a file in views/ whose default export takes
// ViewProps, and a line here.

import type { View } from "../parts/view.ts";

export const VIEWS: readonly View[] = [
  { id: "overview", title: "Overview", for: "key", letter: "o", load: () => import("../views/overview.tsx") },
  { id: "functions", title: "Functions", for: "key", letter: "f", load: () => import("../views/functions.tsx") },
  {
    ...{ id: "activations", title: "Activations", for: "key", letter: "a" },
    load: () => import("../views/activations.tsx"),
  },
  { id: "triggers", title: "Triggers", for: "key", letter: "t", load: () => import("../views/triggers.tsx") },
  { id: "schedules", title: "Schedules", for: "key", letter: "s", load: () => import("../views/schedules.tsx") },
  { id: "packages", title: "Packages", for: "key", letter: "p", load: () => import("../views/packages.tsx") },
  { id: "sequences", title: "Sequences", for: "key", letter: "q", load: () => import("../views/sequences.tsx") },
  { id: "limits", title: "Limits and usage", for: "key", letter: "l", load: () => import("../views/limits.tsx") },
  { id: "keys", title: "Keys", for: "key", letter: "k", load: () => import("../views/keys.tsx") },
  { id: "hosts", title: "Hosts", for: "operator", letter: "h", load: () => import("../views/hosts.tsx") },
  {
    ...{ id: "namespaces", title: "Namespaces", for: "operator", letter: "n" },
    load: () => import("../views/namespaces.tsx"),
  },
  { id: "audit", title: "Audit log", for: "operator", letter: "a", load: () => import("../views/audit.tsx") },
];
