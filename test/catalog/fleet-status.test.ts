// The fleet and what waits for it: how a host's state follows from its schedulers, what is asked of whom, and how those
// are shown that do not answer.

import { beforeEach, describe, expect, it } from "vitest";
import { fleet, hostStatus, type StatusContext, waitingNow } from "../../src/catalog/fleet-status.ts";
import type { Backlog, HostToken, RosterEntry, SchedulerStatus } from "../../src/protocol/rpc.ts";

const NOW = 1_800_000_000_000;

let hosts: HostToken[];
let entries: RosterEntry[];
/** By scheduler; absent: it does not answer. */
let statuses: Record<string, Partial<SchedulerStatus>>;
let busy: Record<string, object>;
/** By store; absent: it does not answer. */
let backlogs: Record<string, Partial<Backlog>>;
let stores: string[];
/** What was asked, in order. */
let asked: unknown[];
let context: StatusContext;

beforeEach(() => {
  [hosts, entries, statuses, busy, backlogs, stores, asked] = [[], [], {}, {}, {}, [], []];
  context = {
    roster: { hosts: async () => hosts, schedulers: async () => entries, waitingStores: async () => stores as never },
    scheduler: (name) => ({
      status: async () => {
        const status = statuses[name];
        if (status === undefined) throw new Error(`${name} is silent`);
        return {
          name,
          epoch: 1,
          connected: true,
          ready: true,
          draining: false,
          memory: 1,
          used: 0,
          running: 0,
          strangers: 0,
          ...status,
        };
      },
      busy: async (options) => {
        asked.push([name, options]);
        const said = busy[name];
        if (said === undefined) throw new Error("silent");
        return { items: [], more: false, ...said } as never;
      },
    }),
    store: (name) => ({
      backlog: async () => {
        const backlog = backlogs[name];
        if (backlog === undefined) throw new Error("x".repeat(500));
        return { waiting: 0, running: 0, fires: 0, oldestWaitMs: 0, lines: [], ...backlog } as Backlog;
      },
    }),
    registry: {
      namesOf: async (ids) => {
        asked.push(["names", ...ids]);
        return new Map(ids.filter((id) => id.startsWith("n")).map((id) => [id, `name of ${id}`]));
      },
    },
    wellKnown: [{ name: "guest", uuid: "g" }],
    marked: (all) => all.map((entry) => ({ ...entry, differs: entry.build === "old" ? ["build"] : [] })),
    now: () => NOW,
    soon: (work) => work,
  };
});

function host(name: string): void {
  hosts.push({ name, created: 1, shards: 2 });
}

/** A scheduler of a host, and how it says that it stands; null: it does not answer. */
function scheduler(name: string, more: Partial<RosterEntry> = {}, status: Partial<SchedulerStatus> | null = {}): void {
  const [of = ""] = name.split("/");
  entries.push({
    ...{ scheduler: name, host: of, connected: true, draining: false, memory: 512, engine: "docker", build: "new" },
    ...{ blackbox: true, runtimes: [], since: 1, epoch: 1, ...more },
  });
  if (status !== null) statuses[name] = { connected: more.connected ?? true, ...status };
}

const stateOf = async (name = "a") => (await fleet(context)).find((each) => each.host.name === name)?.host.state;

describe("a host", () => {
  beforeEach(() => host("a"));

  it("is new until it came, and down when nobody of it is there", async () => {
    expect(await fleet(context)).toEqual([
      {
        host: { name: "a", created: 1, shards: 2, state: "new", memory: 0, used: 0, running: 0, containers: 0 },
        schedulers: [],
      },
    ]);
    scheduler("a/0", { connected: false });
    expect(await stateOf()).toBe("down");
    scheduler("a/1");
    expect(await stateOf()).toBe("up");
  });

  it("is draining by its schedulers' word, before it is unhealthy", async () => {
    scheduler("a/0", { unhealthy: "disk full" });
    expect(await stateOf()).toBe("unhealthy");
    scheduler("a/1", {}, { draining: true });
    expect(await stateOf()).toBe("draining");
  });

  it("tells each reason and each difference once; what does not work there makes it no less up", async () => {
    scheduler("a/0", { impaired: "no swap", build: "old" });
    scheduler("a/1", { impaired: "no swap", build: "old" });
    const [told] = await fleet(context);
    expect(told?.host).toMatchObject({ state: "up", reason: "no swap", differs: ["build"] });
    scheduler("a/2", { unhealthy: "disk full", impaired: "no swap" });
    expect((await fleet(context))[0]?.host.reason).toBe("no swap; disk full");
  });

  it("has the sums of its schedulers: memory of those that are there alone", async () => {
    scheduler("a/0", { memory: 512 }, { used: 1, running: 2, containers: 3, silence: 9 });
    scheduler("a/1", { memory: 256, connected: false }, { used: 10, running: 20 });
    scheduler("b/0", { memory: 9_999 }, { used: 999 });
    const [told] = await fleet(context);
    expect(told?.host).toMatchObject({ memory: 512, used: 11, running: 22, containers: 3 });
    expect(told?.schedulers.map(({ silence, containers }) => [silence, containers])).toEqual([
      [9, 3],
      [undefined, 0],
    ]);
  });

  it("tells what its first scheduler that is there has told", async () => {
    scheduler("a/0", { connected: false, build: "before", engine: "process" });
    expect((await fleet(context))[0]?.host).toMatchObject({ build: "before", engine: "process" });
    scheduler("a/1", { build: "now", labels: ["gpu"], security: { level: "user-namespaces", lacks: [] } as never });
    expect((await fleet(context))[0]?.host).toMatchObject({ build: "now", labels: ["gpu"], level: "user-namespaces" });
  });

  it("with a scheduler that does not answer shows what is known, and that", async () => {
    scheduler("a/0", { draining: true }, null);
    const [told] = await fleet(context);
    expect(told?.schedulers).toEqual([
      {
        ...{ scheduler: "a/0", connected: true, draining: true, ready: false, memory: 512, used: 0, running: 0 },
        unanswered: "a/0 is silent",
      },
    ]);
  });
});

describe("one host", () => {
  it("that is not there is told so", async () => {
    expect(await hostStatus(context, "a")).toMatchObject({ ok: false, code: "not-found" });
  });

  it("is asked for its busy containers, of each scheduler that is there; for idle ones of the first", async () => {
    host("a");
    scheduler("a/0", { connected: false });
    scheduler("a/1");
    scheduler("a/2");
    busy = { "a/1": { items: [1], idle: { items: [], more: true } }, "a/2": { items: [2] } };
    expect(await hostStatus(context, "a")).toMatchObject({
      ...{ ok: true, value: { busy: [1, 2], moreBusy: false, idle: [], moreIdle: true } },
    });
    expect(asked.slice(0, 2)).toEqual([
      ["a/1", { idle: true }],
      ["a/2", { idle: false }],
    ]);
  });

  it("says that there is more where one does not answer, and nothing of idle ones where nobody does", async () => {
    host("a");
    scheduler("a/0");
    const status = await hostStatus(context, "a");
    expect(status).toMatchObject({ ok: true, value: { busy: [], moreBusy: true, runtimes: [], lacks: [] } });
    expect(status.ok && status.value).not.toHaveProperty("idle");
  });

  it("names who idle containers are kept for, and since when", async () => {
    host("a");
    scheduler("a/0");
    const each = { runtime: "nodejs:20", memory: 256, containers: 1 };
    const items = [
      { ...each, idleMs: 10.4, namespaceId: "n1", action: "x/a" },
      { ...each, idleMs: 0, namespaceId: "gone", action: "y/a" },
      { ...each, idleMs: 2 * NOW },
      { ...each, idleMs: 0, namespaceId: "g", action: "guest/a" },
    ];
    busy = { "a/0": { idle: { items, more: false } } };
    const status = await hostStatus(context, "a");
    const idle = status.ok ? status.value.idle : [];
    expect(idle?.map(({ namespace, action, kind, since }) => [namespace, action, kind, since])).toEqual([
      ["name of n1", "x/a", "nodejs:20", NOW - 10],
      [null, "y/a", "nodejs:20", NOW],
      [null, null, "nodejs:20", 0],
      ["guest", "guest/a", "nodejs:20", NOW],
    ]);
    expect(asked.at(-1)).toEqual(["names", "n1", "gone", "g"]);
  });
});

describe("what waits", () => {
  it("is told of each store in which something does, the oldest first, with whose it is", async () => {
    stores = ["n1:00", "n1:01", "gone:00", "idle:00"];
    backlogs = {
      "n1:00": { waiting: 1, oldestWaitMs: 5 },
      "n1:01": { fires: 1, oldestWaitMs: 9 },
      "gone:00": { waiting: 2, oldestWaitMs: 7 },
      "idle:00": { running: 4 },
    };
    const { items, more } = await waitingNow(context);
    expect(items.map(({ namespace, store }) => [namespace, store])).toEqual([
      ["name of n1", "n1:01"],
      [null, "gone:00"],
      ["name of n1", "n1:00"],
    ]);
    expect([more, asked]).toEqual([false, [["names", "n1", "gone", "idle"]]]);
  });

  it("is told of who does not answer, with a part of why", async () => {
    stores = ["n1:00"];
    expect((await waitingNow(context)).items).toEqual([
      {
        ...{ namespace: "name of n1", store: "n1:00", waiting: 0, running: 0, fires: 0, oldestWaitMs: 0, lines: [] },
        unanswered: "x".repeat(200),
      },
    ]);
  });

  it("is asked of a hundred stores at most", async () => {
    stores = Array.from({ length: 101 }, (_, at) => `n${at}:00`);
    const { items, more } = await waitingNow(context);
    expect([items.length, more]).toEqual([100, true]);
    stores.pop();
    expect((await waitingNow(context)).more).toBe(false);
  });
});
