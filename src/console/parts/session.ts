// Who uses the console: a namespace's key, kept for this tab alone; or an operator's token, kept in memory and only
// while it is used. Neither ever stands in an address.

import { signal } from "@preact/signals";
import type { AdminRight, AdminRole } from "../../entities/administrator.ts";

export interface KeySession {
  kind: "key";
  /** `uuid:key` */
  key: string;
  namespace: string;
}
export interface OperatorSession {
  kind: "operator";
  token: string;
  /** Null: whoever holds ADMIN_TOKEN. */
  name: string | null;
  role: AdminRole;
  rights: readonly AdminRight[];
}
export type SignedIn = KeySession | OperatorSession;

const STORED_KEY = "edgewhisk.key";
const STORED_NAMESPACE = "edgewhisk.namespace";
/** An operator is signed out after so long (ms), and before if he has done nothing for a while. */
const OPERATOR_MS = 30 * 60_000;
const OPERATOR_IDLE_MS = 10 * 60_000;
/** So long before the end (ms) it is said. */
const TOLD_MS = 2 * 60_000;
const LOOK_EVERY_MS = 5_000;

export const session = signal<SignedIn | null>(stored());
/** Why the session ended; what was being done stays behind the sign-in. */
export const endedBecause = signal<string | null>(null);
/** Who was signed in last: the same one finds everything as it was. */
export const lastOwner = signal<string | null>(ownerOf(session.peek()));
/** Grows when somebody else comes. */
export const owners = signal(0);

/** Minutes after which an operator will be signed out, whatever he does; null: not soon. */
export const minutesLeft = signal<number | null>(null);

let since = Date.now();
let lastUse = since;

function stored(): SignedIn | null {
  const key = sessionStorage.getItem(STORED_KEY);
  const namespace = sessionStorage.getItem(STORED_NAMESPACE);
  return key === null || namespace === null ? null : { kind: "key", key, namespace };
}

function ownerOf(of: SignedIn | null): string | null {
  if (of === null) return null;
  return of.kind === "key" ? `key ${of.namespace}` : `operator ${of.name ?? ""}`;
}

/** How he is called on the page. */
export function nameOf(of: SignedIn): string {
  if (of.kind === "key") return of.namespace;
  return of.name === null ? "operator" : `${of.name} (${of.role})`;
}

/** Whether the operator's role lets him; the platform decides it again with each request. */
export function mayOperate(right: AdminRight): boolean {
  const who = session.value;
  return who?.kind === "operator" && who.rights.includes(right);
}

export function signIn(made: SignedIn): void {
  if (made.kind === "key") {
    sessionStorage.setItem(STORED_KEY, made.key);
    sessionStorage.setItem(STORED_NAMESPACE, made.namespace);
  }
  since = Date.now();
  lastUse = since;
  minutesLeft.value = null;
  if (ownerOf(made) !== lastOwner.peek()) owners.value++;
  lastOwner.value = ownerOf(made);
  endedBecause.value = null;
  session.value = made;
}

/** Nothing is left of it in this tab. */
export function signOut(): void {
  forget();
  endedBecause.value = null;
  lastOwner.value = null;
}

/** It is not accepted any more, or nobody was there: whoever signs in again goes on where he was. `used`:
 * whose request was refused. */
export function endSession(why: string, used: SignedIn | null): void {
  if (session.peek() === null || session.peek() !== used) return;
  forget();
  endedBecause.value = why;
}

function forget(): void {
  sessionStorage.removeItem(STORED_KEY);
  sessionStorage.removeItem(STORED_NAMESPACE);
  session.value = null;
}

/** The Authorization header; null: nobody is signed in. */
export function authorization(of: SignedIn): string {
  if (of.kind === "operator") return `Bearer ${of.token}`;
  return `Basic ${btoa(of.key)}`;
}

/** Called once: an operator's session ends with his presence, and after a while in any case. */
export function watchIdle(): void {
  for (const event of ["pointerdown", "keydown", "wheel", "touchstart"]) {
    addEventListener(event, () => (endIfOver() ? undefined : noteUse()), { passive: true, capture: true });
  }
  setInterval(endIfOver, LOOK_EVERY_MS);
  document.addEventListener("visibilitychange", endIfOver);
}

function noteUse(): void {
  lastUse = Date.now();
}

function endIfOver(): boolean {
  const who = session.peek();
  if (who?.kind !== "operator") return false;
  const now = Date.now();
  const left = since + OPERATOR_MS - now;
  const isIdle = now - lastUse >= OPERATOR_IDLE_MS;
  minutesLeft.value = left <= TOLD_MS ? Math.max(1, Math.ceil(left / 60_000)) : null;
  if (left > 0 && !isIdle) return false;
  const why = isIdle ? "nothing was done for 10 minutes" : "30 minutes are over";
  endSession(`You were signed out because ${why}. Sign in again to go on where you were.`, who);
  return true;
}
