// `wskadmin user …`, with the lines and the exit codes of OpenWhisk's.

import * as z from "zod";
import { IdentityAnswer, KeyItem, pageOf, SubjectAnswer } from "../../../src/entities/administration.ts";
import type { ApiFailure } from "../../client/api-client.ts";
import type { Administrator } from "../shared/administering.ts";
import type { GivenWords } from "./arguments.ts";
import { uuidIn } from "./python.ts";

export interface AdminRun {
  admin: Administrator;
  given: GivenWords;
  say(line: string): void;
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const KEY_LENGTH = 64;
const MISSING = { ok: false, status: 404, reason: "missing", body: { error: "not_found", reason: "missing" } } as const;

/** What may be said without a platform: the exit code, or null to go on. */
export function localAnswer(given: GivenWords, say: AdminRun["say"]): number | null {
  const subject = subjectOf(given);
  if (subject.length < 5) return said(say, "Subject name must be at least 5 characters", 2);
  if (first(given, "namespace")?.trim() === "") return said(say, "Namespace must not be empty", 2);
  const auth = first(given, "auth");
  const key = auth === undefined ? null : keyIn(auth);
  if (key !== null && !key.ok) return said(say, key.why, 2);
  if (!given.on.has("genonly")) return null;
  return said(say, key?.key ?? randomKey(), 0);
}

export async function createUser({ admin, given, say }: AdminRun): Promise<number> {
  const subject = subjectOf(given);
  const namespace = first(given, "namespace")?.trim() || subject;
  const auth = first(given, "auth");
  const checked = auth === undefined ? null : keyIn(auth);
  const key = checked?.ok === true ? checked.key : undefined;
  const known = await admin.ask("GET", pathOf(subject), { schema: SubjectAnswer });
  if (!known.ok && known.status !== 404) return said(say, `Failed to create subject (${wordsOf(known)})`, 1);
  if (known.ok && known.value.blocked) return said(say, "The subject you want to edit is blocked", 1);
  const isThere = known.ok && known.value.namespaces.some(({ name }) => name === namespace);
  const replaces = given.on.has("revoke") || given.on.has("force");
  if (isThere && !replaces) return said(say, "Namespace already exists", 1);
  const body = { ...(isThere ? {} : { subject }), namespace, ...(key === undefined ? {} : { key }) };
  const path = isThere ? `${pathOf(subject)}/rotate` : "/identities";
  const made = await admin.ask("POST", path, { body, schema: IdentityAnswer });
  if (!made.ok) return said(say, `Failed to create subject (${wordsOf(made)})`, 1);
  if (!given.on.has("silent")) say(made.value.key);
  return 0;
}

export async function deleteUser({ admin, given, say }: AdminRun): Promise<number> {
  const subject = subjectOf(given);
  if (subject === "") return said(say, "Subject must not be empty", 2);
  const namespace = first(given, "namespace")?.trim();
  if (namespace === "") return said(say, "Namespace must not be empty", 2);
  const known = await admin.ask("GET", pathOf(subject), { schema: SubjectAnswer });
  if (!known.ok) return said(say, `Failed to delete subject (${wordsOf(known)})`, 1);
  if (namespace !== undefined && !known.value.namespaces.some(({ name }) => name === namespace)) {
    return said(say, `Namespace "${namespace}" does not exist for "${subject}"`, 1);
  }
  const query = namespace === undefined ? "" : `?namespace=${encodeURIComponent(namespace)}`;
  const gone = await admin.ask("DELETE", `${pathOf(subject)}${query}`, { schema: SubjectAnswer });
  const what = namespace === undefined ? "delete subject" : "remove namespace";
  if (!gone.ok) return said(say, `Failed to ${what} (${wordsOf(gone)})`, 1);
  return said(say, namespace === undefined ? "Subject deleted" : "Namespace deleted", 0);
}

export async function getUser({ admin, given, say }: AdminRun): Promise<number> {
  const subject = given.placed[0] ?? "";
  const keys = await allKeys(admin, pathOf(subject));
  if (!keys.ok) return said(say, `Failed to get subject (${wordsOf(keys)})`, 1);
  if (keys.value.length === 0) {
    const known = await admin.ask("GET", pathOf(subject), { schema: SubjectAnswer });
    if (!known.ok) return said(say, `Failed to get subject (${wordsOf(known)})`, 1);
  }
  const own = keys.value.filter(({ replacedBy }) => replacedBy === null);
  if (given.on.has("all")) {
    for (const { namespace, key } of own) say(`${namespace}\t${key}`);
    return 0;
  }
  const wanted = first(given, "namespace") ?? subject;
  const here = own.filter(({ namespace }) => namespace === wanted);
  const found = here.find(({ name }) => name === "default") ?? here[0];
  if (found === undefined) return said(say, `namespace "${wanted}" not found for "${subject}"`, 1);
  const { key } = found;
  if (typeof key !== "string") return said(say, "Failed to get subject (no secret at hand opens the key)", 1);
  return said(say, key, 0);
}

export async function listUsers({ admin, given, say }: AdminRun): Promise<number> {
  const pick = Number(first(given, "pick") ?? 1);
  if (pick < 1) return said(say, "pick at least 1 identity to show", 2);
  const namespace = given.placed[0] ?? "";
  const keys = await allKeys(admin, `/namespaces/${encodeURIComponent(namespace)}`);
  if (!keys.ok) return said(say, `Failed to get namespace key (${wordsOf(keys)})`, 1);
  const good = keys.value.filter((key) => key.good);
  if (good.length === 0) return said(say, `no identities found for namespace "${namespace}"`, 0);
  for (const { key, subject } of given.on.has("all") ? good : good.slice(0, pick)) {
    say(given.on.has("key") ? String(key) : `${key}\t${subject}`);
  }
  return 0;
}

export async function whoisUser({ admin, given, say }: AdminRun): Promise<number> {
  const key = given.placed[0] ?? "";
  const found = await admin.ask("POST", "/whois", { body: { key }, schema: KeyItem });
  if ((found.ok && !found.value.good) || (!found.ok && (found.status === 404 || found.status === 400))) {
    return said(say, "Subject id is not recognized", 0);
  }
  if (!found.ok) return said(say, `Failed to get subject (${wordsOf(found)})`, 1);
  say(`subject: ${found.value.subject}`);
  return said(say, `namespace: ${found.value.namespace}`, 0);
}

/** How many failed is the exit code. */
export async function blockUsers({ admin, given, say }: AdminRun, verb: "block" | "unblock"): Promise<number> {
  let failed = 0;
  for (const subject of given.placed.map((each) => each.trim()).filter((each) => each !== "")) {
    const done = await admin.ask("POST", `${pathOf(subject)}/${verb}`, { schema: SubjectAnswer });
    if (!done.ok) failed++;
    say(done.ok ? `"${subject}" ${verb}ed successfully` : `Failed to ${verb} "${subject}" (${wordsOf(done)})`);
  }
  return Math.min(failed, 255);
}

/** What the platform has said, as CouchDB did where something is not there. */
export function wordsOf(failure: ApiFailure): string {
  const { status, body, reason } = failure.status === 404 ? MISSING : failure;
  if (status === 404) return JSON.stringify(body);
  const said = z.object({ error: z.string() }).safeParse(body);
  return said.success ? said.data.error : reason;
}

export function said(say: AdminRun["say"], line: string, exit: number): number {
  say(line);
  return exit;
}

async function allKeys(admin: Administrator, owner: string): Promise<{ ok: true; value: KeyItem[] } | ApiFailure> {
  const all: KeyItem[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const path: string = `${owner}/keys?secrets=true&limit=500&after=${encodeURIComponent(after)}`;
    const page = await admin.ask("GET", path, { schema: pageOf(KeyItem) });
    if (!page.ok) return page;
    all.push(...page.value.items);
    after = page.value.next;
  }
  return { ok: true, value: all };
}

function keyIn(auth: string): { ok: true; key: string } | { ok: false; why: string } {
  const [id = "", secret] = auth.split(":");
  const uuid = uuidIn(id);
  if (uuid === null) return { ok: false, why: "authorization id is not a valid UUID" };
  if (secret === undefined) {
    return { ok: false, why: "failed to determine authorization id and key: list index out of range" };
  }
  if (secret.length < KEY_LENGTH) {
    return { ok: false, why: `authorization key must be at least ${KEY_LENGTH} characters long` };
  }
  return { ok: true, key: `${uuid}:${secret}` };
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_LENGTH * 4));
  // Bytes that would favour the first letters are thrown away.
  const even = [...bytes].filter((byte) => byte < LETTERS.length * 4).slice(0, KEY_LENGTH);
  if (even.length < KEY_LENGTH) return randomKey();
  return `${crypto.randomUUID()}:${even.map((byte) => LETTERS[byte % LETTERS.length]).join("")}`;
}

function subjectOf({ placed }: GivenWords): string {
  return (placed[0] ?? "").trim();
}

function first({ values }: GivenWords, name: string): string | undefined {
  return values.get(name)?.[0];
}

function pathOf(subject: string): string {
  return `/identities/${encodeURIComponent(subject)}`;
}
