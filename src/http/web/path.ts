// Which action a web request names, and in which form its caller wants the answer.

export const WEB_PREFIX = "/api/v1/web/";

export const EXTENSIONS = [".http", ".json", ".html", ".svg", ".text"] as const;
export type Extension = (typeof EXTENSIONS)[number];

export interface WebTarget {
  namespace: string;
  /** Null for the default package. */
  package: string | null;
  action: string;
  extension: Extension;
}

export interface WebPlace {
  target: WebTarget;
  /** What follows the action, with its leading slash, or "". */
  rest: string;
}

/** `segments`: the decoded path segments behind `/web`; what follows the third is not looked at. Null if there are
 * fewer than three. Only a known extension at the end of the action's segment is taken off (`http` is the default). */
export function webTargetOf(segments: readonly string[]): WebTarget | null {
  const [namespace, packageName, last] = segments;
  if (namespace === undefined || packageName === undefined || last === undefined) return null;
  const extension = EXTENSIONS.find((each) => last.endsWith(each));
  const action = extension === undefined ? last : last.slice(0, -extension.length);
  if (namespace === "" || packageName === "" || action === "") return null;
  return {
    namespace,
    package: packageName === "default" ? null : packageName,
    action,
    extension: extension ?? ".http",
  };
}

export function isWebPath(path: string): boolean {
  return path.startsWith(WEB_PREFIX);
}

/** What the router has seen as the prefix may be written with escapes. */
const BEHIND_PREFIX = /^(?:\/[^/]+){3}\/([^/]+)\/([^/]+)\/([^/]+)(.*)$/s;

/** What the address of a web request means, or null if it names no action. Segments are decoded one by one; what
 * follows the third is handed on as it came. */
export function webPlaceOf(url: string): WebPlace | null {
  const match = BEHIND_PREFIX.exec(new URL(url).pathname);
  if (match === null) return null;
  try {
    const target = webTargetOf(match.slice(1, 4).map(decodeURIComponent));
    return target === null ? null : { target, rest: match[4] ?? "" };
  } catch {
    return null;
  }
}
