// The one table from expected failure to HTTP status. It does not compile while a code is missing.

import type { ErrorCode, Failure, Result } from "../errors.ts";
import type { AppContext } from "./context.ts";
import { json } from "./reply.ts";

export const STATUS: Record<ErrorCode, number> = {
  "not-authenticated": 401,
  "bad-credentials": 401,
  "bad-signature": 401,
  "webhook-gone": 410,
  "not-authorized": 403,
  "kind-not-authorized": 403,
  "not-found": 404,
  "response-field-missing": 404,
  "rule-without-trigger": 404,
  "no-such-route": 404,
  "method-not-allowed": 405,
  "malformed-body": 400,
  "malformed-query": 400,
  "bad-request": 400,
  "unsupported-media": 415,
  "not-acceptable": 406,
  "already-exists": 409,
  "built-in": 409,
  "wrong-collection": 409,
  "subject-blocked": 409,
  "namespace-closed": 409,
  "key-replaced": 409,
  "last-owner": 409,
  "beyond-own-end": 403,
  "too-many-keys": 409,
  "host-exists": 409,
  "not-empty": 409,
  "no-such-provider": 400,
  "provider-is-no-package": 409,
  "provider-is-binding": 400,
  "not-a-binding": 409,
  "not-on-binding": 400,
  "circular-binding": 422,
  "concurrent-modification": 409,
  corrupted: 500,
  "code-damaged": 500,
  "storage-ailing": 503,
  "uri-too-long": 414,
  "too-large": 413,
  "silent-body": 408,
  "slow-body": 408,
  "too-many-bodies": 429,
  "too-many-streams": 429,
  "too-many-waiting": 429,
  "too-many-requests": 429,
  "too-many-concurrent": 429,
  "too-much-memory": 429,
  "backlog-full": 429,
  "records-full": 503,
  "not-configured": 503,
  "cannot-be-run": 400,
  "not-migrated": 503,
  overloaded: 503,
  "beyond-credential": 403,
  "lacks-right": 403,
  "out-of-scope": 403,
  "beyond-own-rights": 403,
  "beyond-token": 403,
  "lease-missing": 425,
  "foreign-origin": 403,
  "development-ended": 403,
  "last-administrator": 409,
  "admin-closed": 403,
  "metrics-closed": 403,
  "metrics-off": 404,
  "no-answer": 500,
  internal: 500,
};

const HEADERS: Readonly<Record<number, Record<string, string>>> = {
  401: { "WWW-Authenticate": 'Basic realm="OpenWhisk secure realm"' },
  // Seconds.
  503: { "Retry-After": "1" },
};

/** `{error, code}`; `code` is the transaction id, as OpenWhisk clients expect. `more`: members beside these. */
export function respond(c: AppContext, failure: Failure, more: object = {}): Response {
  const status = STATUS[failure.code];
  c.set("failure", failure.code);
  const body = JSON.stringify({ error: failure.text, code: c.get("transactionId"), ...more });
  const headers = { ...HEADERS[status], ...quotaHeaders(failure) };
  return json(c, body, { status, headers });
}

/** `RateLimit` and `RateLimit-Policy`, as the IETF's draft has them, of the count that refused it. */
export function quotaHeaders({ quota }: Failure): Record<string, string> {
  if (quota === undefined) return {};
  const { name, allowed, window, reset } = quota;
  return {
    "RateLimit-Policy": `"${name}";q=${allowed}${window === undefined ? "" : `;w=${window}`}`,
    RateLimit: `"${name}";r=0${reset === undefined ? "" : `;t=${reset}`}`,
  };
}

/** What was asked for, as JSON; or why it is refused. */
export function answer<T>(c: AppContext, result: Result<T>, show: (value: T) => string): Response {
  return result.ok ? json(c, show(result.value)) : respond(c, result);
}
