// What the cases about packages and bindings share.

import { fresh, make, namespace } from "./suite.ts";

/** A new package; its name. */
export async function pack(body: object = {}): Promise<string> {
  const name = fresh("pkg");
  await make(`packages/${name}`, body);
  return name;
}

/** The body of a binding to a package of the first namespace. */
export function bind(name: string, more: object = {}): object {
  return { binding: { namespace: namespace(1), name }, ...more };
}
