// The proof against a platform of the test's own: what it asks, what counts as proved, and what is begun again.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AdminClient } from "../../../runtime-host/client/admin-client.ts";
import { provenPlatform } from "../../../runtime-host/standalone/proof.ts";
import { openState, type State } from "../../../runtime-host/standalone/state.ts";

const GREETING = '{"greeting":"Hello, edgewhisk!"}';
let folder: string;
let state: State;
let asked: string[];
/** Of the administrator. */
let ordered: string[];
let answer: (method: string, url: URL) => Response;
let made: Awaited<ReturnType<AdminClient["createIdentity"]>>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-proof-"));
  state = openState(folder);
  [asked, ordered] = [[], []];
  answer = (method) => new Response(method === "POST" ? GREETING : "{}");
  made = { ok: true, value: { namespace: "proof", key: "a:b" } };
  vi.stubGlobal("fetch", async (url: string, { method = "" }: RequestInit) => {
    asked.push(`${method} ${new URL(url).pathname}`);
    return answer(method, new URL(url));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  state.release();
  rmSync(folder, { recursive: true });
});

async function proved(log: string[] = []) {
  const admin: Pick<AdminClient, "createIdentity" | "unblockIdentity" | "removeIdentity" | "setLimits" | "illnesses"> =
    {
      createIdentity: async () => made,
      illnesses: async () => ({ ok: true, value: ["its level is none"] }),
      unblockIdentity: async (subject) => {
        ordered.push(`unblock ${subject}`);
        return { ok: true, value: null };
      },
      removeIdentity: async (subject) => {
        ordered.push(`remove ${subject}`);
        return { ok: true, value: null };
      },
      setLimits: async (namespace, limits) => {
        ordered.push(`limit ${namespace} ${JSON.stringify(limits)}`);
        return { ok: true, value: null };
      },
    };
  return provenPlatform("http://platform.example", { state, admin, log: (line) => log.push(line) });
}

it("makes an action, calls it cold and warm, deletes it, and keeps its key", async () => {
  const proof = await proved();
  expect(proof.result).toBe(GREETING);
  const action = "/api/v1/namespaces/_/actions/hello";
  expect(asked).toEqual([`PUT ${action}`, ...Array.from({ length: 6 }, () => `POST ${action}`), `DELETE ${action}`]);
  const key = state.secrets.proofKey;
  expect(key).toMatch(/^[0-9a-f-]{36}:[0-9a-f]{64}$/);
  made = { ok: false, status: 409, reason: "it is there" };
  await proved();
  expect(state.secrets.proofKey).toBe(key);
  expect(ordered).toEqual(['limit edgewhisk.proof {"storeActivations":false}']);
});

it("says why no host runs it, and is not begun again, where the platform says that", async () => {
  answer = (method, { search, pathname }) => {
    if (method === "PUT") return new Response("{}");
    if (search.includes("blocking")) throw new DOMException("The operation was aborted due to timeout", "TimeoutError");
    const waiting = { since: 1, reason: "its host is below the security floor" };
    return pathname.endsWith("/activations/a1")
      ? Response.json({ error: "not there", waiting }, { status: 404 })
      : Response.json({ activationId: "a1" }, { status: 202 });
  };
  const lines: string[] = [];
  await expect(proved(lines)).rejects.toThrow(
    "The hello action did not run: it waits: its host is below the security floor (its level is none).",
  );
  expect(lines).toEqual([]);
});

it("gets another key where its own was rotated or its subject blocked, once", async () => {
  await proved();
  const key = state.secrets.proofKey;
  const whole = answer;
  let refusals = 1;
  answer = (method, url) => (refusals-- > 0 ? new Response('{"error":"who?"}', { status: 401 }) : whole(method, url));
  expect((await proved()).result).toBe(GREETING);
  expect(ordered).toEqual(["unblock edgewhisk.proof", "remove edgewhisk.proof"]);
  expect(state.secrets.proofKey).not.toBe(key);
  refusals = 9;
  await expect(proved()).rejects.toThrow('The hello action did not run: creating the action: 401 {"error":"who?"}.');
  expect(ordered.length).toBe(4);
});

it("is not proved by another answer, and says which", async () => {
  answer = (method) => new Response(method === "POST" ? '{"greeting":"Hello, world!"}' : "{}");
  await expect(proved()).rejects.toThrow(
    'The hello action did not run: unexpected result: {"greeting":"Hello, world!"}.',
  );
  answer = (method) => new Response('{"error":"no"}', { status: method === "POST" ? 502 : 200 });
  await expect(proved()).rejects.toThrow('The hello action did not run: invoking the action: 502 {"error":"no"}.');
  made = { ok: false, status: 400, reason: "no such thing" };
  await expect(proved()).rejects.toThrow("The proof got no namespace: no such thing.");
});

it("is begun again where the platform is killed in the middle of it, three times in all", async () => {
  vi.useFakeTimers();
  let calls = 0;
  const whole = answer;
  answer = (method, url) => {
    if (++calls > 2) return whole(method, url);
    throw new TypeError("fetch failed", { cause: new Error("other side closed") });
  };
  const lines: string[] = [];
  const proof = proved(lines);
  await vi.runAllTimersAsync();
  expect((await proof).result).toBe(GREETING);
  const line = "the proof was cut off (fetch failed: other side closed); once more";
  expect(lines).toEqual([line, line]);

  answer = () => new Response("", { status: 503 });
  const never = expect(proved()).rejects.toThrow(/^The hello action did not run: creating the action: 503/);
  await vi.runAllTimersAsync();
  await never;
});
