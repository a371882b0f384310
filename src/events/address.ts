// The secret part of a webhook's address: 128 random bits, of which only the hash is kept.

import { hexOf, sha256 } from "../entities/sha256.ts";

/** What comes before it in an address. */
export const WEBHOOK_PREFIX = "/api/v1/webhooks/";

const BYTES = 16;
const SHAPE = /^[A-Za-z0-9_-]{22}$/;
const HASH_WORDS = 8;

/** 22 characters that stand for themselves in a path. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** What it is kept and found by, in hex; null: it cannot be one. */
export function hashOf(token: string): string | null {
  return SHAPE.test(token) ? hexOf(sha256(token), HASH_WORDS) : null;
}

/** A path as it may stand in a log. */
export function redacted(path: string): string {
  return path.startsWith(WEBHOOK_PREFIX) ? `${WEBHOOK_PREFIX}…` : path;
}
