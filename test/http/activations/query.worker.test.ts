// Which activations are asked for: an id that can be here, and the conditions of a list, looked at in one order.

import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import {
  activationIdOf,
  activationQueryOf,
  instantOf,
  nameFilterOf,
  reversed,
} from "../../../src/http/activations/query.ts";
import type { AppContext, AppEnv } from "../../../src/http/context.ts";

const ID = newActivationId(7, 3);

async function asked<T>(path: string, read: (c: AppContext) => T, shards = 4): Promise<T> {
  let found: T | undefined;
  const app = new Hono<AppEnv>();
  app.get("/:ns/activations/:id?", (c) => {
    c.set("identity", { namespace: { name: "guest", uuid: "n" } } as AppEnv["Variables"]["identity"]);
    c.set("services", { settings: { shards } } as AppEnv["Variables"]["services"]);
    found = read(c);
    return c.text("");
  });
  const { status } = await app.request(path);
  if (found === undefined) throw new Error(`${path} was answered with ${status}`);
  return found;
}

const list = (query: string, ns = "_") => asked(`/${ns}/activations?${query}`, activationQueryOf);
const idIn = (id: string, ns = "_", shards = 4) => asked(`/${ns}/activations/${id}`, activationIdOf, shards);

describe("an id", () => {
  it("is taken in one's own namespace, by its name or by _", async () => {
    expect(await idIn(ID)).toEqual({ ok: true, value: ID });
    expect(await idIn(ID, "guest")).toEqual({ ok: true, value: ID });
    expect(await idIn(ID, "other")).toMatchObject({ ok: false, code: "not-authorized" });
  });

  it.each([ID.slice(1), `${ID}0`, "x"])("of another length is told so: %s", async (id) => {
    expect(await idIn(id)).toMatchObject({
      ...{ code: "bad-request", text: expect.stringContaining(`Activation id length is ${id.length} but must be 32.`) },
    });
  });

  it("of other characters is none", async () => {
    for (const id of [ID.replace(/.$/, "g"), "F".repeat(32)]) {
      expect(await idIn(id)).toMatchObject({ code: "bad-request", text: expect.stringContaining("is not valid") });
    }
  });

  it("of a shard that is not there is not found", async () => {
    expect(await idIn(ID, "_", 3)).toMatchObject({ ok: false, code: "not-found" });
    expect(await idIn(ID, "_", 4)).toMatchObject({ ok: true });
  });
});

describe("a list", () => {
  it("has a page and no conditions where none are given", async () => {
    expect(await list("")).toEqual({ ok: true, value: { limit: 30, skip: 0, count: false, docs: false } });
    expect(await list("name=&since=&upto=")).toEqual({
      ok: true,
      value: { limit: 30, skip: 0, count: false, docs: false },
    });
  });

  it("has what is given", async () => {
    expect(await list("limit=5&skip=2&docs=true&name=p/a&since=1&upto=0")).toEqual({
      ...{ ok: true, value: { limit: 5, skip: 2, count: false, docs: true, name: "p/a", since: 1, upto: 0 } },
    });
  });

  it("is one's own", async () => expect(await list("", "other")).toMatchObject({ code: "not-authorized" }));

  it.each([
    ["limit=201&docs=x", "'limit'"],
    ["docs=x&name=?", "'docs'"],
    ["name=a%3F&since=x", "'name'"],
    ["since=x&upto=x", "'since'"],
    ["upto=x&docs=true&count=true", "'upto'"],
    ["docs=true&count=true", "'docs' is not permitted with 'count'"],
  ])("by %s is refused for the first thing that is wrong", async (query, words) => {
    expect(await list(query)).toMatchObject({ ok: false, text: expect.stringContaining(words) });
  });

  it("skips so many at most, but counts however many are skipped", async () => {
    expect(await list("skip=200000")).toMatchObject({ ok: true });
    expect(await list("skip=200001")).toMatchObject({
      code: "malformed-query",
      text: expect.stringContaining("200000"),
    });
    expect(await list("skip=200001&count=true")).toMatchObject({ ok: true, value: { skip: 200_001, count: true } });
  });
});

describe("a name", () => {
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["  ", undefined],
    ["a", "a"],
    ["p/a", "p/a"],
    ["/p//a/", "p/a"],
    ["my action", "my action"],
  ])("%j asks for %j", (given, name) => expect(nameFilterOf(given)).toEqual({ ok: true, value: name }));

  it.each(["/", "a/b/c", "a?", "p/ a", "p/a?"])("%j is none", (given) => {
    expect(nameFilterOf(given)).toMatchObject({ code: "malformed-query", text: expect.stringContaining("'name'") });
  });

  it("that is long is told in part", () => {
    const fault = nameFilterOf(`?${"x".repeat(500)}`);
    expect(fault.ok ? 0 : fault.text.length).toBeLessThan(250);
  });
});

describe("a moment", () => {
  const at = (given: string | undefined) => instantOf({ req: { query: () => given } }, "since");

  it.each([
    [undefined, undefined],
    ["", undefined],
    ["0", 0],
    ["-5", -5],
    ["999999999999999", 999_999_999_999_999],
  ])("%j is %j", (given, value) => expect(at(given)).toEqual({ ok: true, value }));

  it.each(["x", "1.5", "1e3", " 1", "1".repeat(16)])("%j is none", (given) => {
    expect(at(given)).toMatchObject({ code: "malformed-query", text: expect.stringContaining("epoch seconds") });
  });

  it("that ends before it begins is told with both", () => {
    expect(reversed(2, 1).text).toContain("'2' is after 'upto', '1'.");
  });
});
