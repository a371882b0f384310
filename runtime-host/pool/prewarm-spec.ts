// What to keep ready without knowing the action: "kind=count[@MB]" or "kind=min..max[@MB]", separated by commas; or
// JSON, as upstream's manifest says it:
// {"runtimes":{"nodejs":[{"kind":"nodejs:20","stemCells":[{"initialCount":2,"memory":"256 MB"}]}]}}.

import * as z from "zod";

/** Containers to keep ready, as an operator asks for them; `count` at the start. */
export interface Prewarm {
  kind: string;
  /** MB of memory limit the container is made for. */
  memory: number;
  count: number;
  reactive?: Reactive;
}

/** The count follows what was started in the last minute. */
export interface Reactive {
  minCount: number;
  maxCount: number;
  /** ms */
  ttl: number;
  threshold: number;
  increment: number;
}

const ITEM = /^([a-z]+:[a-z0-9.]+)(?:=(\d{1,3})(?:\.\.(\d{1,3}))?)?(?:@(\d{1,6}))?$/;
const MAX_PREWARMS = 20;
/** Of a range written in short: two starts a minute ask for one more, kept for two minutes. */
const SHORT = { ttl: 120_000, threshold: 2, increment: 1 };

/** Null if it makes no sense. */
export function parsePrewarm(text: string): Prewarm[] | null {
  if (text === "none") return [];
  const list = text.trimStart().startsWith("{") ? ofManifest(text) : ofList(text);
  return list === null || list.length > MAX_PREWARMS ? null : list;
}

function ofList(text: string): Prewarm[] | null {
  const list: Prewarm[] = [];
  for (const part of text.split(",")) {
    const match = ITEM.exec(part.trim());
    if (match === null) return null;
    const [, kind, from, to, mb] = match;
    const count = Number(from ?? "1");
    const most = Number(to ?? count);
    if (most < count) return null;
    const prewarm = { kind: kind as string, count, memory: Number(mb ?? "256") };
    list.push(to === undefined ? prewarm : { ...prewarm, reactive: { ...SHORT, minCount: count, maxCount: most } });
  }
  return list;
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONG: Record<string, string> = { milli: "ms", second: "s", sec: "s", minute: "m", min: "m", hour: "h", day: "d" };

const count = z.number().int().min(0).max(999);
const memory = z
  .string()
  .regex(/^\d{1,6} ?(m|mb)$/i)
  .transform((text) => Number.parseInt(text, 10));
const duration = z
  .string()
  .regex(/^\d{1,6} ?(ms|s|m|h|d|(milli|second|sec|minute|min|hour|day)s?)$/i)
  .transform((text) => {
    const unit = text.replace(/^\d+ ?/, "").toLowerCase();
    const short = UNITS[unit] === undefined ? (LONG[unit.replace(/s$/, "")] ?? "ms") : unit;
    return Number.parseInt(text, 10) * (UNITS[short] as number);
  });
const reactive = z
  .object({
    minCount: count,
    maxCount: count,
    ttl: duration,
    threshold: z.number().int().min(1),
    increment: z.number().int().min(1).max(999),
  })
  .refine(({ minCount, maxCount }) => minCount <= maxCount);
const stemCell = z
  .object({ initialCount: count.optional(), count: count.optional(), memory, reactive: reactive.optional() })
  .transform((cell) => ({ ...cell, count: cell.initialCount ?? cell.count ?? cell.reactive?.minCount ?? 1 }));
const manifest = z.object({
  runtimes: z.record(
    z.string(),
    z.array(z.object({ kind: z.string().regex(/^[a-z]+:[a-z0-9.]+$/), stemCells: z.array(stemCell).optional() })),
  ),
});

function ofManifest(text: string): Prewarm[] | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = manifest.safeParse(json);
  if (!parsed.success) return null;
  return Object.values(parsed.data.runtimes)
    .flat()
    .flatMap(({ kind, stemCells }) =>
      (stemCells ?? []).map((cell) => ({
        kind,
        memory: cell.memory,
        count: cell.count,
        ...(cell.reactive === undefined ? {} : { reactive: cell.reactive }),
      })),
    );
}
