// Which action a web request names, and in which form its caller wants the answer.

export const EXTENSIONS = [".http", ".json", ".html", ".svg", ".text"] as const;
export type Extension = (typeof EXTENSIONS)[number];

export interface WebTarget {
  namespace: string;
  /** Null for the default package. */
  package: string | null;
  action: string;
  extension: Extension;
}

/** `segments`: the decoded path segments behind `/web`; what follows the third is not looked at. Null if there are fewer than
 * three. Only a known extension at the end of the action's segment is taken off (`http` is the default). */
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
