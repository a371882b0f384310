// A sink: the address to which the results of an action, or the fires of a trigger, go as CloudEvents.

import * as z from "zod";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_RETRY = 20;
const DURATION = /^PT(?=\d)(?:(\d{1,2})H)?(?:(\d{1,4})M)?(?:(\d{1,5}(?:\.\d{1,3})?)S)?$/;

const duration = z
  .string()
  .refine(
    (text) => (durationMs(text) ?? HOUR_MS + 1) <= HOUR_MS,
    "must be a duration such as PT0.5S or PT2M, at most PT1H",
  );

/** As it is stored. Durations as ISO 8601 has them. */
export const SinkSettings = z.strictObject({
  url: z.string().max(2_048),
  format: z.enum(["binary", "structured"]).default("binary"),
  /** Tries after the first. */
  retry: z.int().min(0).max(MAX_RETRY).default(8),
  backoffPolicy: z.enum(["linear", "exponential"]).default("exponential"),
  backoffDelay: duration.default("PT1S"),
  /** A sink that says when to come again is heard up to this; absent: not at all. */
  retryAfterMax: duration.optional(),
  /** Where events go that the sink did not take. */
  deadLetterSink: z.string().max(2_048).optional(),
  /** Names of secret headers that are sent to the sink, and the id under which these are kept. */
  secretHeaders: z.array(z.string()).optional(),
  secret: z.string().optional(),
});
export type SinkSettings = z.infer<typeof SinkSettings>;

/** How a sink answered, or why it did not. `barred`: the namespace may send nothing now. */
export type SinkAnswer =
  | { kind: "answer"; status: number; text: string; retryAfter: string | null }
  | { kind: "none"; reason: string; permanent: boolean }
  | { kind: "barred"; reason: string };

/** How the last try of an event that was given up ended. `code`: the last status, 0 where there was none; `data`: what
 * the sink said, or why there was none. */
export interface SinkRefusal {
  tries: number;
  code: number;
  data: string;
}

/** An activation that has ended, or a fire, without its data. */
export interface Occurrence {
  /** Activation id. */
  id: string;
  kind: "action" | "trigger";
  /** Of the namespace. */
  namespace: string;
  /** `name` or `package/name`. */
  name: string;
  /** Epoch ms. */
  at: number;
  /** As records tell it, e.g. "success"; of an action. */
  status: string;
  durationMs: number;
}

/** ms, or null if it is none. */
export function durationMs(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const [, hours = "0", minutes = "0", seconds = "0"] = match;
  return Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Math.round(Number(seconds) * 1_000);
}
