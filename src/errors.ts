// Every failure we expect, with the text clients see. Texts that OpenWhisk clients compare are upstream's.
// The HTTP status of each code stands in http/errors.ts, in a table that does not compile when a code is missing.

export const TEXTS = {
  "not-authenticated": () => "The resource requires authentication, which was not supplied with the request",
  "bad-credentials": () => "The supplied authentication is invalid",
  "bad-signature": (why: string) => `The signature is not accepted: ${why}.`,
  "webhook-gone": () => "What this address was for is gone: send nothing more here.",
  "not-authorized": (what: string) =>
    what === ""
      ? "The supplied authentication is not authorized to access this resource."
      : `The supplied authentication is not authorized to access '${what}'.`,
  "kind-not-authorized": (kind: string) =>
    `The supplied authentication is not authorized to access actions of kind '${kind}'.`,
  "not-found": (what: string) =>
    what === "" ? "The requested resource does not exist." : `The requested resource '${what}' does not exist.`,
  "response-field-missing": () => "Response does not include requested property.",
  "no-such-route": () => "The requested resource could not be found.",
  "method-not-allowed": (allowed: string) => `HTTP method not allowed, supported methods: ${allowed}`,
  "malformed-body": (reason: string) => `The request content was malformed:\n${reason}`,
  "malformed-query": (detail: string) => `The query parameter was malformed:\n${detail}`,
  "bad-request": (reason: string) => reason,
  "unsupported-media": (expected: string) => `The request's Content-Type is not supported. Expected:\n${expected}`,
  "not-acceptable": (types: string) => `Resource representation is only available with these types:\n${types}`,
  "already-exists": () => "resource already exists",
  "built-in": (what: string) =>
    `'/${what}' is part of the platform and cannot be deleted. What is created under its name takes its place.`,
  "subject-blocked": () => "The subject you want to edit is blocked.",
  "namespace-closed": (name: string) => `The namespace '${name}' is blocked, or being deleted.`,
  "key-replaced": () => "Another key has taken the place of this one already.",
  "last-owner": () =>
    "Nobody would own the namespace for as long: issue another key with the role 'owner', without a scope and with no earlier end, first.",
  "beyond-own-end": (end: string) => `The key that asks for this ends at ${end}: no other may last longer by it.`,
  "too-many-keys": (most: string) => `The namespace has as many keys as it may have (${most}): revoke one first.`,
  "host-exists": (name: string) =>
    `There is a host '${name}' already: choose another name, or say "rotate": true to replace its token.`,
  "not-empty": (detail: string) =>
    `Package not empty (contains ${detail}). Set force param or delete package contents.`,
  "no-such-provider": () => "Binding references a package that does not exist.",
  "provider-is-no-package": () => "Cannot bind to a resource that is not a package.",
  "provider-is-binding": () => "Cannot bind to another package binding.",
  "not-a-binding": () => "Resource is a package and cannot be converted into a binding.",
  "not-on-binding": () => "Operation not permitted on package binding.",
  "rule-without-trigger": () => "Only rules with existing triggers can be activated",
  "wrong-collection": () => "Resource by this name exists but is not in this collection.",
  "circular-binding": (name: string) => `Package binding '${name}' contains a circular reference.`,
  "concurrent-modification": () => "Concurrent modification to resource detected.",
  "storage-ailing": (reason: string) => `The platform cannot store or read what it must: ${reason}.`,
  "code-damaged": (action: string) =>
    `The code of action '${action}' is missing from the store, or damaged there: update the action with its code.`,
  corrupted: () => "Resource is corrupted and cannot be read.",
  "uri-too-long": () => "The address of the request is too long.",
  "too-large": (what: string) => what,
  "silent-body": () => "The body of the request did not come within 10 seconds, or stopped for as long.",
  "slow-body": () => "The body of the request comes too slowly: on the whole at least 8 KB must come in a second.",
  "too-many-bodies": () => "Too many requests whose bodies are still on their way.",
  "too-many-streams": (most: string) => `Too many logs are followed with this key already (${most}).`,
  "too-many-waiting": (most: string) =>
    `Too many requests of this namespace wait for each other (at most ${most}, for 30 s): send fewer at a time.`,
  "too-many-requests": (detail: string) => `Too many requests in the last minute (${detail}).`,
  "too-many-concurrent": (detail: string) => `Too many concurrent requests in flight (${detail}).`,
  "too-much-memory": (detail: string) => `Too much memory in use by requests in flight (${detail}).`,
  "backlog-full": () => "Too many activations are waiting in this namespace; try again when some have run.",
  "records-full": (why: string) =>
    `Too many records of this namespace's activations wait for the store of records, which does not take them${why === "" ? "" : ` (${why})`}: try again when it does.`,
  "not-configured": (sentence: string) => sentence,
  "cannot-be-run": (why: string) => `The action cannot be run here: ${why}.`,
  /** `lacking`: migration and database. */
  "not-migrated": (lacking: string) => {
    const [migration, database] = lacking.split(" ");
    return `The platform is not ready: its database ${database} lacks the migration ${migration}. "npm start" applies it while it starts; elsewhere run "npx edgewhisk migrate", with --local under wrangler dev.`;
  },
  overloaded: () => "System is overloaded, try again later.",
  "beyond-credential": () =>
    "This key was given to an action: it may invoke, fire, read, and write triggers and rules. To write actions and packages " +
    "it needs the annotation 'provide-api-key' with the value \"deploy\"; the rest takes a stored key.",
  "lacks-right": (sentence: string) => sentence,
  "out-of-scope": (sentence: string) => sentence,
  "beyond-own-rights": () =>
    "The annotation 'provide-api-key' asks for more rights than the key has that writes the action; \"owner\" takes a stored key.",
  "foreign-origin": () => "Development keys are not accepted from a web page of another origin.",
  "beyond-token": (shards: string) =>
    `This host's token is for ${shards} of its schedulers: make one for more ("shards"), or split the host over fewer (--shards).`,
  "lease-missing": () =>
    "The lease of the activation is missing, and no scheduler of this host has granted it: upgrade the host.",
  "development-ended": () =>
    "There are other namespaces here, so that the well-known keys are taken on this machine's own loopback only: use a key of your own.",
  "last-administrator": () =>
    "Nobody would be left who may let others in: make another administrator with the role 'admin' and no end first.",
  "admin-closed": () => "The admin API is closed: set the ADMIN_TOKEN secret to open it.",
  "metrics-closed": () =>
    "The metrics are closed: set the METRICS_TOKEN secret to open them to whoever scrapes, or ADMIN_TOKEN.",
  "metrics-off": () => "Nothing is counted here: METRICS_MODE is off.",
  "no-answer": (who: string) =>
    `${who} did not answer: what was asked of it may have been done, or not. Look before you ask again.`,
  internal: () => "There was an internal server error.",
} satisfies Record<string, (detail: string) => string>;

export type ErrorCode = keyof typeof TEXTS;

/** An expected failure as a value. `retryable`: the same request may succeed later, unchanged. */
export interface Failure {
  ok: false;
  code: ErrorCode;
  text: string;
  retryable: boolean;
  /** The count that refused it. */
  quota?: Quota;
}

/** A count of which nothing is left. `window`: seconds over which it counts; `reset`: seconds until it counts anew. */
export interface Quota {
  name: string;
  allowed: number;
  window?: number;
  reset?: number;
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  "too-many-streams",
  "too-many-waiting",
  "too-many-requests",
  "too-many-concurrent",
  "too-much-memory",
  "backlog-full",
  "records-full",
  "not-migrated",
  "overloaded",
  "lease-missing",
  "not-configured",
  "storage-ailing",
  "concurrent-modification",
]);

/** Characters of a text: it may repeat what the caller sent, which may be megabytes. */
const MAX_TEXT = 2_000;

export function fail(code: ErrorCode, detail = ""): Failure {
  const text = TEXTS[code](detail);
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return { ok: false, code, text: short, retryable: RETRYABLE.has(code) };
}

export type Result<T> = { ok: true; value: T } | Failure;

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}
