// Which records of a namespace's activations a caller may read: all of them; or those of the names in its scope; or,
// with the right to invoke alone, those of activations that its own key started.

import type { ActivationMeta, ActivationRecord } from "./activation.ts";
import { type Identity, rightsOf } from "./identity.ts";
import { holdsRight } from "./rights.ts";
import { holds, type Scope, type ScopedName } from "./scope.ts";

/** Who may read some of them. */
export interface RecordReader {
  /** Name of the namespace. */
  own: string;
  /** The names whose records may be read; absent: all. */
  scope?: Scope;
  /** uuid of the key that must have started it; absent: whoever did. "" for none. */
  keyId?: string;
}

/** Null: all may be read. Whether any may is another question. */
export function readerOf(identity: Omit<Identity, "key">): RecordReader | null {
  const { scope, namespace, keyId = "" } = identity;
  const isOwnOnly = !holdsRight(rightsOf(identity), "records");
  if (scope === undefined && !isOwnOnly) return null;
  return {
    own: namespace.name,
    ...(scope === undefined ? {} : { scope }),
    ...(isOwnOnly ? { keyId } : {}),
  };
}

/** Whether an activation is one of those, as it is known while it runs. */
export function mayFollow(reader: RecordReader, { keyId, path, binding, name }: Followed): boolean {
  if (reader.keyId !== undefined && (reader.keyId === "" || reader.keyId !== keyId)) return false;
  const names = [pointOf(path), ...(binding === undefined ? [] : [{ path: binding, name }])];
  return names.some((each) => holds(reader.scope, reader.own, each));
}

type Followed = Pick<ActivationMeta, "keyId" | "path" | "binding" | "name">;

/** The same as its record tells it. */
export function mayRead(reader: RecordReader, { namespace, name, annotations, meta }: ActivationRecord): boolean {
  const { path = `${namespace}/${name}`, binding } = placesIn(annotations);
  const keyId = meta?.keyId;
  return mayFollow(reader, {
    ...{ path, name },
    ...(keyId === undefined ? {} : { keyId }),
    ...(binding === undefined ? {} : { binding }),
  });
}

/** `ns/name` or `ns/package/name`. */
function pointOf(whole: string): ScopedName {
  const at = whole.lastIndexOf("/");
  return { path: whole.slice(0, at), name: whole.slice(at + 1) };
}

/** What was damaged names nothing. */
function placesIn(annotations: string): { path?: string; binding?: string } {
  let list: unknown;
  try {
    list = JSON.parse(annotations);
  } catch {
    return {};
  }
  if (!Array.isArray(list)) return {};
  const noteOf = (key: string) =>
    (list as { key?: unknown; value?: unknown }[]).find((each) => each?.key === key)?.value;
  const [path, binding] = [noteOf("path"), noteOf("binding")];
  return { ...(typeof path === "string" ? { path } : {}), ...(typeof binding === "string" ? { binding } : {}) };
}
