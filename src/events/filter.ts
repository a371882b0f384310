// Whether a delivery is one of those that are wanted: by its headers, and by what stands at paths of its JSON.

import { elementsOf, membersOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import type { WebhookSettings } from "./webhook.ts";

type Filter = NonNullable<WebhookSettings["filter"]>;

/** All conditions hold, each by one of its values. `payload`: text of an object. */
export function passes(
  filter: Filter | undefined,
  { headers, payload }: { headers: Headers; payload: RawJson },
): boolean {
  if (filter === undefined) return true;
  const byHeader = Object.entries(filter.header).every(([name, wanted]) => {
    const value = headers.get(name);
    return wanted.some((each) => (each === null ? value === null : String(each) === value));
  });
  return byHeader && Object.entries(filter.json).every(([path, wanted]) => holds(at(payload, path), wanted));
}

/** The text at a path like `a.b[0].c`, or undefined where there is none. */
function at(json: RawJson, path: string): RawJson | undefined {
  const steps = path.replace(/^\$\.?/, "").match(/[^.[\]]+|\[\d+\]/g) ?? [];
  let value: RawJson | undefined = json;
  for (const step of steps) {
    if (value === undefined) return undefined;
    value = step.startsWith("[")
      ? elementsOf(value)?.[Number(step.slice(1, -1))]
      : membersOf(value)?.findLast(({ key }) => key === step)?.value;
  }
  return value;
}

function holds(raw: RawJson | undefined, wanted: readonly (string | number | boolean | null)[]): boolean {
  const shape = raw === undefined ? "null" : shapeOf(raw);
  if (shape === "object" || shape === "array") return false;
  const value: unknown = raw === undefined ? null : JSON.parse(raw);
  return wanted.includes(value as string | number | boolean | null);
}
