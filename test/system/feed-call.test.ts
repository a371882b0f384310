// What all feeds read of their calls: the trigger, the event, texts; and changes that others get in the way of.

import { describe, expect, it } from "vitest";
import { changing, error, type LifeCycle, serveFeed, textOf } from "../../src/system/feed-call.ts";
import { noPorts } from "./no-ports.ts";

const LIFE: LifeCycle = {
  CREATE: async ({ trigger }) => `{"made":"${trigger}"}`,
  DELETE: async ({ trigger }) => `{"gone":"${trigger}"}`,
};

async function serve(args: object, type: string | null = "trigger") {
  const asked: object[] = [];
  const caller = { subject: "me", namespace: { name: "guest", uuid: "n" }, limits: {}, derived: false };
  const context = { namespace: "guest", caller, activationId: "0", apiHost: "", now: 0 };
  const entities = {
    get: async (key: object) => {
      asked.push(key);
      return (type === null ? null : { type }) as never;
    },
  };
  const text = await serveFeed(LIFE, { args: JSON.stringify(args), context, ports: { ...noPorts(), entities } });
  return { said: JSON.parse(text) as object, asked };
}

const made = async (triggerName: unknown) => (await serve({ lifecycleEvent: "CREATE", triggerName })).said;

describe("a trigger", () => {
  it.each(["t", "/_/t", "/guest/t"])("is named as %s", async (name) => expect(await made(name)).toEqual({ made: "t" }));
  it("may have blanks in its name", async () => expect(await made("/_/my trigger")).toEqual({ made: "my trigger" }));

  it.each([undefined, "", "/", "/_/", "//t", "guest/t", "/a/b/t", 7, null])("is not named as %j", async (name) => {
    expect(await made(name)).toEqual({ error: "The parameter 'triggerName' must name a trigger: /namespace/name." });
  });

  it("of another namespace is none of the caller's", async () => {
    expect(await made("/other/t")).toEqual({ error: "The trigger must be of the namespace whose key is used." });
  });

  it("must be there when a feed is made, and need not be otherwise", async () => {
    const created = { lifecycleEvent: "CREATE", triggerName: "t" };
    for (const type of [null, "rule"]) {
      const { said, asked } = await serve(created, type);
      expect(said).toEqual({ error: "There is no trigger 't' in the namespace: create it first." });
      expect(asked).toEqual([{ path: "guest", name: "t" }]);
    }
    const { said, asked } = await serve({ ...created, lifecycleEvent: "DELETE" }, null);
    expect([said, asked]).toEqual([{ gone: "t" }, []]);
  });
});

describe("an event", () => {
  it.each([undefined, "", "create", "PAUSE", "constructor", "__proto__", 7])(
    "is not %j for every feed",
    async (event) => {
      const { said, asked } = await serve({ lifecycleEvent: event, triggerName: "t" });
      expect([said, asked]).toEqual([{ error: "unsupported lifecycleEvent" }, []]);
    },
  );
});

describe("an argument", () => {
  it("is its text, the last of its name, or nothing", () => {
    expect(textOf('{"a":"1","a":"\\u0032"}', "a")).toBe("2");
    for (const args of ["{}", '{"a":1}', '{"a":null}', "[]"]) expect(textOf(args, "a")).toBeUndefined();
  });
});

describe("a change", () => {
  it("is tried again while others change the same, five times at most", async () => {
    let tries = 0;
    const following = (wins: number) => changing("feed", async () => (++tries > wins ? '{"status":"success"}' : null));
    expect([await following(4), tries]).toEqual(['{"status":"success"}', 5]);
    tries = 0;
    expect([await following(5), tries]).toEqual([
      error("The feed is being changed by others all the time: try again."),
      5,
    ]);
  });
});
