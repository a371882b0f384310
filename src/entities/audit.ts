// Lines of the audit log: who did what, when, from where, and what came of it. No secret is ever part of one.

import * as z from "zod";
import { Instant } from "./administration.ts";

/** In whose right something is done. "key": a stored key. "credential": the key of an action that runs. "namespace":
 * the namespace acting by itself. "admin": an administrator. "platform": nobody asked for it. */
export const VIAS = ["key", "credential", "namespace", "admin", "platform"] as const;
export type Via = (typeof VIAS)[number];

/** Who acts, as it stands in the lines of what he changes. */
export interface Author {
  via: Via;
  /** "" where nobody knows. */
  subject: string;
  /** Of the stored key that is behind it; "" where none is. */
  keyId: string;
  /** His address, as far as somebody says so who can be believed, else "unknown". */
  source: string;
  transactionId: string;
  /** Verb and path. */
  request: string;
}

export const UNKNOWN_SOURCE = "unknown";

/** The platform by itself: sweeps, and what follows from what was asked for before. */
export const PLATFORM: Author = {
  ...{ via: "platform", subject: "", keyId: "", source: UNKNOWN_SOURCE, transactionId: "", request: "" },
};

/** "done"; "refused": nothing was changed; "failed": nobody knows what was changed; "begun": nobody has said how it
 * ended; "counted": so many were refused in this minute beyond those that have lines. */
export const RESULTS = ["done", "refused", "failed", "begun", "counted"] as const;
export type AuditResult = (typeof RESULTS)[number];

/** How long lines are kept. */
export const AuditRetention = z.strictObject({
  /** Seconds; at least an hour. */
  maxAge: z.number().int().min(3_600).max(3_153_600_000).default(7_776_000),
  maxLines: z.number().int().min(1_000).max(1e9).default(1_000_000),
});
export type AuditRetention = z.infer<typeof AuditRetention>;

/** What is written of an act that is no change in the database of entities. */
export interface Act {
  author: Author;
  namespace: string;
  act: string;
  target: string;
  result: AuditResult;
  /** HTTP status and code of the failure. */
  detail: Record<string, string | number>;
}

/** A line as it is shown. */
export const AuditLine = z.object({
  /** Epoch ms. */
  at: z.number(),
  via: z.enum(VIAS),
  subject: z.string(),
  keyId: z.string(),
  keyName: z.string(),
  source: z.string(),
  transactionId: z.string(),
  request: z.string(),
  namespace: z.string(),
  act: z.string(),
  target: z.string(),
  result: z.enum(RESULTS),
  detail: z.record(z.string(), z.unknown()),
  count: z.number(),
});
export type AuditLine = z.infer<typeof AuditLine>;

export const AuditAnswer = z.object({ items: z.array(AuditLine), next: z.string().nullable() });
export type AuditAnswer = z.infer<typeof AuditAnswer>;

const word = z.string().min(1).max(256);

/** Which lines; newest first. */
export const AuditFilter = z.strictObject({
  /** From this time on, and before that one. */
  since: Instant.optional(),
  until: Instant.optional(),
  subject: word.optional(),
  /** Id of a key. */
  key: word.optional(),
  namespace: word.optional(),
  /** An act, or all of a kind: "key.rotate", "key". */
  act: word.optional(),
  result: z.enum(RESULTS, `must be one of ${RESULTS.join(", ")}`).optional(),
});
export type AuditFilter = z.infer<typeof AuditFilter>;
