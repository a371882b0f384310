// Names and addresses of what lies in a namespace, as the routes give them.

import type { EntityPoint } from "../../entities/names.ts";
import { ownPath } from "./api.ts";
import { hrefOf } from "./router.ts";
import { session } from "./session.ts";

export interface KeyValue {
  key: string;
  value: unknown;
  /** Given to the container once, and not to each run. */
  init?: boolean;
}

export const SYSTEM_NAMESPACE = "whisk.system";

/** "/ns/pkg/name" */
export function pathOf({ path, name }: EntityPoint): string {
  return `/${path}/${name}`;
}

/** Without the own namespace, which everybody knows; others begin with "/". */
export function shortNameOf({ path, name }: EntityPoint): string {
  const [namespace, ...rest] = path.split("/");
  return namespace === ownNamespace() || namespace === "_" ? [...rest, name].join("/") : pathOf({ path, name });
}

/** Of a function's view; null for what is somebody else's. */
export function functionHref({ path, name }: EntityPoint): string | null {
  const [namespace, ...rest] = path.split("/");
  return namespace === ownNamespace() || namespace === "_" ? hrefOf("functions", [...rest, name]) : null;
}

/** Of its route. */
export function actionPath({ path, name }: EntityPoint): string {
  const [namespace = "_", ...rest] = path.split("/");
  if (namespace === ownNamespace() || namespace === "_") return ownPath("actions", ...rest, name);
  return `/api/v1/namespaces/${[namespace, "actions", ...rest, name].map(encodeURIComponent).join("/")}`;
}

/** "/ns/pkg/name", "pkg/name" or "name". */
export function pointOf(text: string): EntityPoint {
  const parts = text.split("/").filter((part) => part !== "");
  const name = parts.pop() ?? "";
  return text.startsWith("/") ? { path: parts.join("/"), name } : { path: [ownNamespace(), ...parts].join("/"), name };
}

export function ownNamespace(): string {
  const who = session.peek();
  return who?.kind === "key" ? who.namespace : "_";
}

export function noteOf(annotations: readonly KeyValue[] | undefined, key: string): unknown {
  return annotations?.find((each) => each.key === key)?.value;
}

/** What the feed of a trigger is called, or null for one without. */
export function feedOf(trigger: { annotations?: readonly KeyValue[] }): string | null {
  const feed = noteOf(trigger.annotations, "feed");
  return typeof feed === "string" ? feed : null;
}

export function isAlarm(feed: string | null): boolean {
  return feed !== null && /^\/(whisk\.system|_)\/alarms\/(alarm|once|interval)$/.test(feed);
}
