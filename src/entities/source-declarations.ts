// What variables tell of the sources of feeds.

import * as z from "zod";
import { isSourceName } from "./source.ts";

const QUEUES = "must be names of queues, with commas between them";
const FILES = 'must be JSON such as {"d1":["ORDERS"],"r2":[]}';

const names = z.array(z.string().refine((name) => isSourceName({ kind: "d1", name }), FILES)).default([]);

/** Names of the queues that this Worker consumes. */
export const FeedQueues = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text === "" ? [] : text.split(",").map((name) => name.trim())))
  .refine((list) => list.every((name) => isSourceName({ kind: "queue", name })), QUEUES);

/** Names of files that the machine reads for us: SQLite databases, and folders. */
export const FeedFiles = z
  .string()
  .optional()
  .transform((text, context) => {
    try {
      return JSON.parse(text === undefined || text === "" ? "{}" : text) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: FILES });
      return z.NEVER;
    }
  })
  .pipe(z.strictObject({ d1: names, r2: names }));
