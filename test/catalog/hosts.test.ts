// Tokens of hosts: who loses his token loses the lines that were opened with it, after it is gone and not before.

import { beforeEach, describe, expect, test } from "vitest";
import {
  createHost,
  drainHost,
  type HostContext,
  renameHost,
  revokeHost,
  withReasons,
} from "../../src/catalog/hosts.ts";
import type { NewHostReply, RosterEntry } from "../../src/protocol/rpc.ts";

const entry = (host: string, shard: number, more: object = {}) =>
  ({ host, scheduler: `${host}/${shard}`, ...more }) as unknown as RosterEntry;

let story: string[];
let reply: NewHostReply;
let revoked: boolean;

const context: HostContext = {
  roster: {
    createHost: async (name, options) => {
      story.push(`create ${name} ${JSON.stringify(options)}`);
      return reply;
    },
    revokeHost: async (name) => {
      story.push(`revoke ${name}`);
      return revoked;
    },
    hosts: async () => ["a", "b"].map((name) => ({ name, created: 1, shards: 2 })),
    schedulers: async () => [entry("a", 0), entry("b", 0), entry("b", 2), entry("gone", 0)],
  },
  scheduler: (name) => ({
    expel: async () => {
      story.push(`expel ${name}`);
    },
    drain: async (on) => {
      story.push(`drain ${name} ${on}`);
    },
  }),
};

beforeEach(() => {
  story = [];
  reply = { kind: "made", token: "token" };
  revoked = true;
});

describe("a host", () => {
  test("is let in, and no line is cut", async () => {
    expect(await createHost(context, { name: "a", shards: 2 })).toEqual({ ok: true, value: "token" });
    expect(story).toEqual(['create a {"rotate":false,"shards":2}']);
  });

  test("gets another token, and the lines of the old one are cut", async () => {
    await createHost(context, { name: "a", rotate: true });
    expect(story).toEqual(['create a {"rotate":true}', "expel a/0", "expel a/1"]);
  });

  test("is refused, and no line is cut", async () => {
    reply = { kind: "exists" };
    expect(await createHost(context, { name: "a", rotate: true })).toMatchObject({ code: "host-exists" });
    reply = { kind: "bad-name", rule: "letters" };
    expect(await createHost(context, { name: "?" })).toMatchObject({ text: "The name of a host has letters." });
    expect(story.filter((each) => each.startsWith("expel"))).toEqual([]);
  });

  test("drains with all its schedulers, those that never came as well", async () => {
    expect(await drainHost(context, "b", true)).toMatchObject({ ok: true, value: { name: "b" } });
    expect(story).toEqual(["drain b/0 true", "drain b/1 true", "drain b/2 true"]);
    expect(await drainHost(context, "c", true)).toMatchObject({ code: "not-found" });
  });

  test("gets another name: a token with as many schedulers, and the one before drains", async () => {
    expect(await renameHost(context, { name: "a", to: "z" })).toEqual({ ok: true, value: "token" });
    expect(story).toEqual(['create z {"rotate":false,"shards":2}', "drain a/0 true", "drain a/1 true"]);
    reply = { kind: "exists" };
    expect(await renameHost(context, { name: "a", to: "b" })).toMatchObject({ code: "host-exists" });
    expect(await renameHost(context, { name: "c", to: "z" })).toMatchObject({ code: "not-found" });
    expect(story).toHaveLength(4);
  });

  test("is sent away, known or not: its lines are cut, also those that came in unheard of", async () => {
    expect(await revokeHost(context, "b")).toEqual({ ok: true, value: "b" });
    expect(story).toEqual(["revoke b", "expel b/0", "expel b/1", "expel b/2"]);
    revoked = false;
    expect(await revokeHost(context, "gone")).toMatchObject({ code: "not-found" });
    expect(story.slice(4)).toEqual(["revoke gone", "expel gone/0"]);
  });
});

test("each reason why a host takes nothing is said once", () => {
  const hosts = ["a", "b"].map((name) => ({ name, created: 1, shards: 2 }));
  const disk = { unhealthy: "the disk is full" };
  const entries = [entry("a", 0, disk), entry("a", 1, disk), entry("a", 2, { unhealthy: "no engine", impaired: "x" })];
  expect(withReasons(hosts, entries)).toEqual([
    { ...hosts[0], unhealthy: "the disk is full; no engine", impaired: "x" },
    hosts[1],
  ]);
});
