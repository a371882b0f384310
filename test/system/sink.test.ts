// The action `cloudevents/sink`: which addresses can be a sink, whose sinks a caller sees, what becomes of secret
// headers, and dead letters.

import { beforeEach, describe, expect, it } from "vitest";
import type { Rights } from "../../src/entities/rights.ts";
import { readRange } from "../../src/outbound/address.ts";
import type { DeadLetter, SinkOf, SinkView } from "../../src/protocol/sinks.ts";
import type { SystemPorts } from "../../src/system/ports.ts";
import { SINK } from "../../src/system/sink.ts";
import { noPorts } from "./no-ports.ts";

const URL = "https://events.example/in";
const SETTINGS = {
  ...{ url: URL, format: "binary" as const, retry: 8, backoffPolicy: "exponential" as const, backoffDelay: "PT1S" },
};
const HELLO: SinkOf = { kind: "action", name: "hello" };
const COUNTS = { waiting: 1, oldestWaitMs: 2, tries: 3, delivered: 4, dead: 5, dropped: 6, passedOn: 7, letters: 8 };

/** What was asked of the object and of the secrets, in order. */
let story: unknown[][];
let views: SinkView[];
let letters: DeadLetter[];
let isFull: boolean;
let ports: SystemPorts;

beforeEach(() => {
  [story, views, letters, isFull] = [[], [], [], false];
  const types: Record<string, string> = { hello: "action", p: "package", t: "trigger", r: "rule" };
  const none = noPorts();
  ports = {
    ...none,
    entities: { get: async ({ path, name }) => (path === "guest" ? { type: types[name] } : null) as never },
    sinks: {
      ...{ shards: 3, allowed: [] },
      secrets: {
        keep: async (namespaceId, headers) => {
          story.push(["keep", namespaceId, headers]);
          return "kept";
        },
        forget: async (namespaceId, id) => void story.push(["forget", namespaceId, id]),
      },
      of: (namespaceId) => {
        expect(namespaceId).toBe("n");
        return {
          put: async (...given) => {
            story.push(["put", ...given]);
            return !isFull;
          },
          remove: async (...given) => {
            story.push(["remove", ...given]);
            return true;
          },
          views: async () => views,
          letters: async (of, page) => {
            story.push(["letters", of, page]);
            return letters;
          },
          again: async (of, ids) => {
            story.push(["again", of, ids]);
            return 2;
          },
        };
      },
    },
  };
});

async function serve(args: object, { rights = "owner" as Rights } = {}): Promise<Record<string, unknown>> {
  const caller = {
    subject: "me",
    namespace: { name: "guest", uuid: "n" },
    limits: {},
    derived: rights !== "owner",
    rights,
  };
  const context = { namespace: "guest", caller, activationId: "0", apiHost: "https://own.example", now: 7 };
  if (!("run" in SINK)) throw new Error("it is run by hosts");
  return JSON.parse(await SINK.run(JSON.stringify(args), context, ports)) as Record<string, unknown>;
}

const set = (more: object = {}) => serve({ operation: "set", action: "hello", url: URL, ...more });
const viewOf = (of: SinkOf, settings: object = {}): SinkView => ({
  ...{ ...of, settings: { ...SETTINGS, ...settings }, created: 1_000, stopped: "", ...COUNTS },
});
const refusal = (words: string) => ({ error: expect.stringContaining(words) });

describe("a caller", () => {
  it("with an action's key has no say, not even to look", async () => {
    for (const operation of ["list", "set", "nonsense"]) {
      expect(await serve({ operation }, { rights: "use" })).toEqual(refusal("A key that was given to an action"));
    }
    expect(story).toEqual([]);
  });

  it.each([undefined, "put", "", 7, "List"])("must say what is to be done, and not %j", async (operation) => {
    expect(await serve({ operation, action: "hello" })).toEqual(refusal("must be one of set, get, list, remove"));
  });
});

describe("what a sink is for", () => {
  it.each([
    [{ action: "hello" }, HELLO],
    [{ action: "p/a" }, { kind: "action", name: "p/a" }],
    [{ action: "/guest/hello" }, HELLO],
    [{ action: "/_/p/a" }, { kind: "action", name: "p/a" }],
    [{ trigger: "t" }, { kind: "trigger", name: "t" }],
    [{ trigger: "/_/t" }, { kind: "trigger", name: "t" }],
  ])("is %j", async (named, of) => {
    expect(await serve({ operation: "set", url: URL, ...named })).toEqual({ status: "success" });
    expect(story).toMatchObject([["put", of, SETTINGS, { namespace: { name: "guest", uuid: "n" }, shards: 3 }]]);
  });

  it.each([
    [{}, "Either the parameter 'action' or 'trigger'"],
    [{ action: "hello", trigger: "t" }, "Either the parameter"],
    [{ action: "" }, "Either the parameter"],
    [{ trigger: 7 }, "Either the parameter"],
    [{ action: "/other/a" }, "must be of the namespace whose key is used"],
    [{ action: "a/b/c" }, "'a/b/c' is no name of an action"],
    [{ action: "/_" }, "is no name of an action"],
    [{ action: "p//a" }, "is no name of an action"],
    [{ trigger: "p/t" }, "'p/t' is no name of a trigger"],
    [{ action: "absent" }, "There is no action 'absent'"],
    [{ action: "t" }, "There is no action 't'"],
    [{ action: "hello/a" }, "There is no package 'hello'"],
    [{ trigger: "hello" }, "There is no trigger 'hello'"],
  ])("is not %j", async (named, words) => {
    expect(await serve({ operation: "set", url: URL, ...named })).toEqual(refusal(words));
    expect(story).toEqual([]);
  });
});

describe("an address", () => {
  it.each([
    [{ url: "http://127.0.0.1/" }, "The address cannot be a sink: "],
    [{ url: "https://own.example/x" }, "The address cannot be a sink: "],
    [{ url: 7 }, "The parameter 'url' is wrong"],
    [{ deadLetterSink: URL }, "must be another address than the sink"],
    [{ deadLetterSink: "http://10.0.0.1/" }, "The address cannot be a dead letter sink: "],
    [{ retry: 99 }, "The parameter 'retry' is wrong"],
    [{ headers: { host: "x" } }, "The parameter 'headers' is wrong: the header host"],
    [{ headers: "x" }, "'headers' must be an object"],
  ])("is refused with %j", async (more, words) => {
    expect(await set(more)).toEqual(refusal(words));
    expect(story).toEqual([]);
  });

  it("that is not public is reached where the operator allows it", async () => {
    const range = readRange("127.0.0.0/8");
    ports = { ...ports, sinks: { ...ports.sinks, allowed: range === null ? [] : [range] } };
    expect(await set({ url: "http://127.0.0.1/", deadLetterSink: "http://127.0.0.2/" })).toEqual({ status: "success" });
  });
});

describe("secret headers", () => {
  const headers = { "X-Api-Key": "s3cret", Authorization: "s3cret" };

  it("are kept before the sink is made, which knows their names alone", async () => {
    expect(await set({ headers })).toEqual({ status: "success" });
    expect(story).toMatchObject([
      ["keep", "n", { authorization: "s3cret", "x-api-key": "s3cret" }],
      ["put", HELLO, { ...SETTINGS, secretHeaders: ["authorization", "x-api-key"], secret: "kept" }, {}],
    ]);
    expect(JSON.stringify(story[1])).not.toContain("s3cret");
  });

  it("of the settings before go when these are set, and new ones go where they are not", async () => {
    views = [viewOf(HELLO, { secret: "old" }), viewOf({ kind: "trigger", name: "hello" }, { secret: "not this" })];
    await set();
    expect(story.at(-1)).toEqual(["forget", "n", "old"]);
    isFull = true;
    expect(await set({ headers })).toEqual(refusal("as many sinks as it can have"));
    expect(story.at(-1)).toEqual(["forget", "n", "kept"]);
    story.length = 0;
    await set();
    expect(story.map(([what]) => what)).toEqual(["put"]);
  });

  it("go with the sink", async () => {
    views = [viewOf(HELLO, { secret: "old" })];
    expect(await serve({ operation: "remove", action: "hello" })).toEqual({ status: "success" });
    expect(story).toEqual([
      ["remove", HELLO, { shards: 3 }],
      ["forget", "n", "old"],
    ]);
  });
});

describe("a sink", () => {
  it("is shown with how it stands, and with the names of its headers alone", async () => {
    views = [viewOf(HELLO, { secretHeaders: ["authorization"], secret: "id" })];
    const shown = {
      ...{ action: "hello", ...SETTINGS, headers: ["authorization"], created: "1970-01-01T00:00:01.000Z" },
      status: { active: true, ...COUNTS },
    };
    expect(await serve({ operation: "get", action: "hello" })).toEqual(shown);
    expect(await serve({ operation: "list" })).toEqual({ sinks: [shown] });
  });

  it("that was stopped says why; one of a trigger is shown as that", async () => {
    views = [{ ...viewOf({ kind: "trigger", name: "t" }), stopped: "gone" }];
    const shown = await serve({ operation: "get", trigger: "t" });
    expect(shown).toMatchObject({ trigger: "t", status: { active: false, reason: "gone" } });
    expect(shown).not.toHaveProperty("headers");
  });

  it.each(["get", "letters", "resend"])("that is not there cannot be asked for: %s", async (operation) => {
    views = [viewOf({ kind: "trigger", name: "hello" })];
    expect(await serve({ operation, action: "hello" })).toEqual(refusal("The action 'hello' has no sink"));
  });

  it("that is not there may be removed: what is wanted is so", async () => {
    expect(await serve({ operation: "remove", action: "gone" })).toEqual({ status: "success" });
    expect(story).toEqual([["remove", { kind: "action", name: "gone" }, { shards: 3 }]]);
  });
});

describe("dead letters", () => {
  beforeEach(() => {
    views = [viewOf(HELLO)];
  });

  it("are told with how they ended", async () => {
    const event = {
      ...{ id: "e", ...HELLO, namespace: "guest", at: 1, status: "success", durationMs: 1 },
      data: { inline: "{}" },
    };
    letters = [{ id: "e", at: 2_000, tries: 9, code: 503, data: "busy", event }];
    expect(await serve({ operation: "letters", action: "hello" })).toEqual({
      letters: [
        {
          ...{ id: "e", at: "1970-01-01T00:00:02.000Z", tries: 9, event },
          ...{ knativeerrordest: URL, knativeerrorcode: 503, knativeerrordata: "busy" },
        },
      ],
    });
  });

  it.each([
    [undefined, 0],
    [5, 5],
    [0, 0],
    [-1, 0],
    [1.5, 0],
    ["5", 0],
  ])("with skip %j leave out %d", async (skip, left) => {
    await serve({ operation: "letters", action: "hello", skip });
    expect(story).toEqual([["letters", HELLO, { limit: 100, skip: left }]]);
  });

  it("are sent again, all or those that are named", async () => {
    for (const ids of [undefined, [], ["a", "b"]]) {
      expect(await serve({ operation: "resend", action: "hello", ids })).toEqual({ status: "success", sent: 2 });
    }
    expect(story.map(([, , ids]) => ids)).toEqual([null, [], ["a", "b"]]);
  });

  it.each(["a", [1], null, {}])("are not sent again for the ids %j", async (ids) => {
    expect(await serve({ operation: "resend", action: "hello", ids })).toEqual(refusal("'ids' must be an array"));
    expect(story).toEqual([]);
  });
});
