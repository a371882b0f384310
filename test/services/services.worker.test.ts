// What the Worker asks of the roster ends, whether the roster answers or not.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Env, Settings } from "../../src/env.ts";
import { NoAnswer } from "../../src/invocation/retry.ts";
import { Services } from "../../src/services/services.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

function open(overview: () => Promise<unknown>): Services {
  const silent = () => new Promise(() => {});
  const roster = { overview, authenticate: silent, createHost: silent, revokeHost: silent, hosts: silent };
  const env = { ROSTER: { getByName: () => roster } } as unknown as Env;
  return new Services(env, { settings: {} as Settings, masterSecret: { current: "s".repeat(64), previous: null } });
}

async function endOf(work: Promise<unknown>): Promise<{ error: unknown; at: number }> {
  const ended = work.then(
    () => ({ error: undefined, at: Date.now() }),
    (error: unknown) => ({ error, at: Date.now() }),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  return ended;
}

test.each([
  ["the list of schedulers", (services: Services) => Promise.resolve(services.schedulers(() => undefined))],
  ["a host's token", (services: Services) => services.roster().authenticate("token")],
  ["the hosts", (services: Services) => services.roster().hosts()],
  ["a host made", (services: Services) => services.roster().createHost("a", { rotate: false })],
  ["a host gone", (services: Services) => services.roster().revokeHost("a")],
])("nobody waits for ever for %s", async (_name, asked) => {
  const services = open(() => new Promise(() => {}));
  const { error, at } = await endOf(asked(services));
  expect(error).toBeInstanceOf(NoAnswer);
  expect(at).toBe(5_000);
  expect(vi.getTimerCount()).toBe(0);
});

test("what it answers in time is used, and the next one is asked for anew", async () => {
  let asked = 0;
  const services = open(async () => (asked++ === 0 ? new Promise(() => {}) : { schedulers: [], full: [] }));
  const first = services.schedulers(() => undefined);
  expect((await endOf(Promise.resolve(first))).error).toBeInstanceOf(NoAnswer);
  expect(await services.schedulers(() => undefined)).toEqual([]);
  expect([asked, vi.getTimerCount()]).toEqual([2, 0]);
});
