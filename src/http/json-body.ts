// Small JSON bodies, each by its schema: those of the admin API, and what an owner asks of his namespace.

import type { z } from "zod";
import { fail, ok, type Result } from "../errors.ts";
import { payloadOf } from "./body.ts";
import type { AppContext } from "./context.ts";

const MAX_BODY = 64 * 1024;

export async function bodyOf<T>(c: AppContext, schema: z.ZodType<T>): Promise<Result<T>> {
  const text = await payloadOf(c, MAX_BODY);
  if (!text.ok) return text;
  const parsed = schema.safeParse(JSON.parse(text.value ?? "{}"));
  if (parsed.success) return ok(parsed.data);
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  return fail("malformed-body", reasons.slice(0, 5).join("\n"));
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that are undefined. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}
