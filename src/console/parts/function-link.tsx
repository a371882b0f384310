// A function's name, and where it is one's own the way to it.

import type { EntityPoint } from "../../entities/names.ts";
import { functionHref, shortNameOf } from "./entities.ts";

export function FunctionLink({ point }: { point: EntityPoint }) {
  const href = functionHref(point);
  const name = shortNameOf(point);
  return href === null ? <span>{name}</span> : <a href={href}>{name}</a>;
}
