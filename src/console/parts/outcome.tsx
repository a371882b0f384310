// How an activation ended, and what it returned.

import { useMemo } from "preact/hooks";
import { LongText } from "./long-text.tsx";
import { Badge } from "./panels.tsx";
import { STATUS } from "./records.ts";

/** `status`: as a record's response says it. */
export function StatusBadge({ status }: { status: string }) {
  return <Badge tone={status === STATUS[0] ? "good" : status === STATUS[1] ? "warn" : "bad"}>{status}</Badge>;
}

export function Result({ value, name }: { value: unknown; name: string }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? "null", [value]);
  return <LongText text={text} label="Result" name={`${name}.json`} />;
}
