// The key of a machine's first user: the well-known one on loopback, else one that is made once and shown once.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AdminClient, IdentityOptions } from "../../../runtime-host/client/admin-client.ts";
import { firstUser, GUEST_KEY } from "../../../runtime-host/standalone/identity.ts";
import { openState, type State } from "../../../runtime-host/standalone/state.ts";
import { developmentNamespace } from "../../../src/entities/development.ts";

const url = "http://platform.example";
let folder: string;
let state: State;
let made: [string, IdentityOptions | undefined][];
let status: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-identity-"));
  state = openState(folder);
  made = [];
  status = 200;
});
afterEach(() => {
  vi.unstubAllGlobals();
  state.release();
  rmSync(folder, { recursive: true });
});

const admin: Pick<AdminClient, "createIdentity"> = {
  async createIdentity(subject, options) {
    made.push([subject, options]);
    if (status !== 200) return { ok: false, status, reason: "it is there" };
    return { ok: true, value: { namespace: subject, key: options?.key ?? "" } };
  },
};

it("is the well-known one where that is honoured, and nothing is made", async () => {
  expect(await firstUser({ url, wellKnown: true, state, admin })).toEqual({
    key: GUEST_KEY,
    shown: { text: GUEST_KEY },
  });
  expect(GUEST_KEY).toBe(developmentNamespace("guest")?.key);
  expect(made).toEqual([]);
});

it("is made once, is shown once, and is named by its file from then on", async () => {
  const first = await firstUser({ url, wellKnown: false, state, admin });
  expect(first.key).toMatch(/^[0-9a-f-]{36}:[0-9a-f]{64}$/);
  expect(first.shown).toEqual({ text: first.key });
  expect(made).toEqual([["guest", { key: first.key }]]);
  const file = join(folder, "guest.key");
  expect(readFileSync(file, "utf8")).toBe(`${first.key}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await firstUser({ url, wellKnown: false, state, admin })).toEqual({ key: first.key, shown: { file } });
  expect(made.length).toBe(1);
});

it("is found again by a start that died before it was shown", async () => {
  status = 409;
  vi.stubGlobal("fetch", async () => new Response("[]"));
  const found = await firstUser({ url, wellKnown: false, state, admin });
  expect(found.shown).toEqual({ text: state.secrets.guestKey });
  expect(existsSync(join(folder, "guest.key"))).toBe(true);
});

it("is told where it cannot be made: the namespace is somebody else's, or nothing is made now", async () => {
  status = 409;
  vi.stubGlobal("fetch", async () => new Response("{}", { status: 401 }));
  await expect(firstUser({ url, wellKnown: false, state, admin })).rejects.toThrow(
    "No namespace key could be made: it is there.",
  );
  status = 400;
  await expect(firstUser({ url, wellKnown: false, state, admin })).rejects.toThrow("No namespace key could be made");
});
