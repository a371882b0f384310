// The life of an address that a feed gives a trigger: shown once, with whose secret, replaced, read and taken away.

import { beforeEach, describe, expect, it } from "vitest";
import { hashOf } from "../../src/events/address.ts";
import { newEventFeed, newWebhook } from "../../src/events/webhook.ts";
import type { Webhook } from "../../src/storage/webhook-store.ts";
import { type AddressFeed, serveAddressFeed } from "../../src/system/address-feed.ts";
import type { SystemPorts } from "../../src/system/ports.ts";
import { noPorts } from "./no-ports.ts";

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;
const HOOKS: AddressFeed = { noun: "webhook", isOwn: ({ events }) => events === undefined, wish: newWebhook };
const EVENTS: AddressFeed = {
  ...{ noun: "address for CloudEvents", isOwn: ({ events }) => events !== undefined },
  wish: (args) => newEventFeed(args, 2),
};

type Kept = Webhook & { address: string; secret: string | null };

/** The trigger's webhook; `lasting`: its addresses as they are read. */
let kept: Kept | null;
let lasting: { hash: string; created: number; until: number | null }[];
let story: unknown[][];
let isFull: boolean;
/** Events that are known, piece by piece, as they are forgotten. */
let known: number[];
let ports: SystemPorts;

beforeEach(() => {
  [kept, lasting, story, isFull, known] = [null, [], [], false, [0]];
  ports = {
    ...noPorts(),
    entities: { get: async ({ name }) => (name === "t" ? { type: "trigger" } : null) as never },
    events: {
      shards: 4,
      known: async (about, forget) => {
        story.push(["known", about, forget]);
        return { known: known.length > 1 ? (known.shift() ?? 0) : (known[0] ?? 0), forgotten: 5, repeated: 6 };
      },
    },
    webhooks: {
      withWrite: async (namespace, write) => {
        story.push(["begin", namespace]);
        const done = await write();
        story.push(["end", namespace]);
        return done;
      },
      store: {
        byTrigger: async (namespaceId, trigger) => {
          expect([namespaceId, trigger]).toEqual(["n", "t"]);
          return kept === null ? null : { webhook: kept, addresses: lasting };
        },
        create: async (webhook, { address, secret, max }) => {
          story.push(["create", max]);
          if (!isFull) kept = { ...webhook, address, secret };
          return !isFull;
        },
        change: async (id, change) => {
          story.push(["change", id, change]);
          return kept !== null;
        },
        remove: async (namespaceId, trigger) => {
          story.push(["remove", namespaceId, trigger]);
          kept = null;
          return true;
        },
      },
    },
  };
});

async function serve(
  lifecycleEvent: string,
  args: object = {},
  { feed = HOOKS, apiHost = "https://api.example" } = {},
) {
  const caller = { subject: "me", namespace: { name: "guest", uuid: "n" }, limits: {}, derived: false };
  const context = { namespace: "guest", caller, activationId: "0", apiHost, now: NOW };
  const text = JSON.stringify({ lifecycleEvent, triggerName: "/_/t", ...args });
  return JSON.parse(await serveAddressFeed(feed, text, { context, ports })) as Record<string, unknown>;
}

const tokenIn = ({ url }: Record<string, unknown>) =>
  /^https:\/\/[^/]+\/api\/v1\/webhooks\/([\w-]{22})$/.exec(String(url))?.[1];
const settingsOf = () => JSON.parse(kept?.settings ?? "null") as Record<string, unknown>;

describe("an address that is made", () => {
  it("is shown this once, kept by its hash, and made while nobody reads what was before", async () => {
    const made = await serve("CREATE", { signature: "none" });
    expect(made).toEqual({ status: "success", url: expect.stringContaining("https://api.example/api/v1/webhooks/") });
    expect(kept).toMatchObject({ address: hashOf(tokenIn(made) ?? ""), secret: null, namespaceId: "n", trigger: "t" });
    expect(kept).toMatchObject({ namespace: "guest", created: NOW });
    expect(JSON.stringify(kept)).not.toContain(tokenIn(made));
    expect(story.map(([what]) => what)).toEqual(["begin", "create", "end"]);
    expect(tokenIn(await serve("CREATE", { signature: "none" }))).not.toBe(tokenIn(made));
  });

  it("has a secret that is made where its senders can be told one, and shown this once", async () => {
    for (const signature of ["github", "hmac"]) {
      const { secret } = await serve("CREATE", { signature });
      expect(Buffer.from(String(secret), "base64").length).toBe(32);
      expect(kept?.secret).toBe(secret);
    }
    expect(await serve("CREATE", { signature: "github", secret: "my-own-secret" })).not.toHaveProperty("secret");
    expect(kept?.secret).toBe("my-own-secret");
    expect(await serve("CREATE", { signature: "stripe", secret: "their-secret" })).not.toHaveProperty("secret");
    expect(settingsOf()).not.toHaveProperty("secret");
  });

  it("is where senders reach the platform", async () => {
    const at = async (apihost: unknown, apiHost?: string) =>
      (await serve("CREATE", { signature: "none", apihost }, apiHost === undefined ? {} : { apiHost })).url;
    expect(await at("http://other.example:8080/some/path")).toContain("http://other.example:8080/api/v1/webhooks/");
    expect(await at("")).toContain("https://api.example/");
    for (const [given, apiHost] of [["api.example"], ["ftp://x"], ["", ""]] as const) {
      expect([given, await at(given, apiHost)]).toEqual([given, undefined]);
    }
  });

  it("is not made for what is wrong, or where there are too many", async () => {
    expect(await serve("CREATE", { signature: "x" })).toEqual({ error: expect.stringContaining("'signature'") });
    expect(await serve("CREATE", { signature: "none", triggerName: "absent" })).toHaveProperty("error");
    expect(await serve("CREATE", { signature: "none", apihost: "x" })).toEqual({
      ...{ error: expect.stringContaining("The parameter 'apihost' is no address") },
    });
    expect(story).toEqual([]);
    isFull = true;
    expect(await serve("CREATE", { signature: "none" })).toEqual({ error: "A namespace has at most 1000 webhooks." });
    expect(story).toContainEqual(["create", 1_000]);
  });

  it("takes the place of the one before, whose events are forgotten piece by piece", async () => {
    await serve("CREATE", { signature: "none" }, { feed: EVENTS });
    const old = kept?.id;
    story.length = 0;
    known = [200, 100, 0];
    await serve("CREATE", { signature: "none" }, { feed: EVENTS });
    expect(kept?.id).not.toBe(old);
    const forgotten = ["known", { namespaceId: "n", shard: 2, feed: old }, true];
    expect(story).toEqual([["begin", "guest"], ["create", 1_000], ["end", "guest"], forgotten, forgotten, forgotten]);
  });

  it("does not forget without an end", async () => {
    await serve("CREATE", { signature: "none" }, { feed: EVENTS });
    story.length = 0;
    known = [7];
    await serve("DELETE", {}, { feed: EVENTS });
    expect(story.filter(([what]) => what === "known").length).toBe(100);
  });
});

describe("an address that is read", () => {
  it("shows settings and addresses that are good, by their hashes", async () => {
    await serve("CREATE", { signature: "none" });
    lasting = [
      { hash: "h1", created: NOW, until: null },
      { hash: "h2", created: NOW - DAY, until: NOW + 1 },
      { hash: "h3", created: NOW - DAY, until: NOW },
    ];
    const read = await serve("READ");
    expect(read).toMatchObject({ config: { name: "t", namespace: "guest", signature: "none", maxPerMinute: 60 } });
    expect(read.status).toEqual({
      ...{ active: true, created: new Date(NOW).toISOString() },
      addresses: [
        { sha256: "h1", created: new Date(NOW).toISOString(), until: null },
        { sha256: "h2", created: new Date(NOW - DAY).toISOString(), until: new Date(NOW + 1).toISOString() },
      ],
    });
  });

  it("of CloudEvents shows what is known of them, and not where", async () => {
    await serve("CREATE", { signature: "none" }, { feed: EVENTS });
    known = [9];
    const read = await serve("READ", {}, { feed: EVENTS });
    expect(read.status).toMatchObject({ events: { known: 9, forgotten: 5, repeated: 6 } });
    expect(read.config).not.toHaveProperty("events");
    expect(story.at(-1)).toEqual(["known", { namespaceId: "n", shard: 2, feed: kept?.id }, false]);
  });

  it.each(["READ", "UPDATE"])("is not there, or another feed's: %s", async (event) => {
    expect(await serve(event)).toEqual({ error: "The trigger 't' has no webhook." });
    await serve("CREATE", { signature: "none" }, { feed: EVENTS });
    expect(await serve(event, { maxPerMinute: 5 })).toEqual({ error: "The trigger 't' has no webhook." });
    expect(story.filter(([what]) => what === "change")).toEqual([]);
  });
});

describe("an address that is changed", () => {
  beforeEach(async () => {
    await serve("CREATE", { signature: "hmac" });
    story.length = 0;
  });

  const change = () => story.find(([what]) => what === "change")?.[2] as Record<string, unknown>;

  it("stays where it is not rotated, and keeps its secret", async () => {
    expect(await serve("UPDATE", { maxPerMinute: 5 })).toEqual({ status: "success" });
    expect(Object.keys(change()).sort()).toEqual(["now", "settings", "until"]);
    expect(JSON.parse(String(change().settings))).toMatchObject({ maxPerMinute: 5, signature: "hmac" });
    expect(story.map(([what]) => what)).toEqual(["begin", "change", "end"]);
  });

  it("is another one where it is rotated; the old one is good for as long as was asked for", async () => {
    const rotated = await serve("UPDATE", { rotate: true, overlap: 60 });
    expect(rotated).toMatchObject({ status: "success", formerUntil: new Date(NOW + 60_000).toISOString() });
    expect(change()).toMatchObject({ address: hashOf(tokenIn(rotated) ?? ""), until: NOW + 60_000, now: NOW });
    story.length = 0;
    await serve("UPDATE", { rotate: true });
    expect(change()).toMatchObject({ until: NOW + DAY });
  });

  it("has another secret, which is not shown", async () => {
    expect(await serve("UPDATE", { secret: "another-secret" })).toEqual({ status: "success" });
    expect(change()).toMatchObject({ secret: "another-secret" });
  });

  it("is not changed by what is wrong, and not where it is gone meanwhile", async () => {
    expect(await serve("UPDATE", { maxPerMinute: 0 })).toHaveProperty("error");
    expect(await serve("UPDATE", { rotate: true, apihost: "x" })).toEqual({
      error: expect.stringContaining("apihost"),
    });
    expect(story).toEqual([]);
    const { store } = ports.webhooks;
    ports = { ...ports, webhooks: { ...ports.webhooks, store: { ...store, change: async () => false } } };
    expect(await serve("UPDATE", { maxPerMinute: 5 })).toEqual({ error: "The trigger 't' has no webhook." });
  });
});

describe("an address that is taken away", () => {
  it("is gone; where there was none, what is wanted is so", async () => {
    expect(await serve("DELETE")).toEqual({ status: "success" });
    expect(story).toEqual([]);
    await serve("CREATE", { signature: "none" });
    story.length = 0;
    expect(await serve("DELETE")).toEqual({ status: "success" });
    expect(story).toEqual([
      ["begin", "guest"],
      ["remove", "n", "t"],
      ["end", "guest"],
    ]);
  });

  it("is not another feed's", async () => {
    await serve("CREATE", { signature: "none" });
    expect(await serve("DELETE", {}, { feed: EVENTS })).toEqual({ status: "success" });
    expect(kept).not.toBeNull();
  });
});
