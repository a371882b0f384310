// What a package shows of the actions in it.

import { beforeEach, describe, expect, test } from "vitest";
import { withContents } from "../../src/catalog/package-contents.ts";
import { MemoryCatalog } from "./context.ts";
import { makeAction } from "./make-action.ts";

let mine: MemoryCatalog;
beforeEach(() => {
  mine = new MemoryCatalog();
});

describe("the contents of a package", () => {
  const stores = () => ({ entities: mine.entities, blobs: { text: async () => null } });
  const whole = async (made: string | AsyncGenerator<string>) => {
    if (typeof made === "string") return JSON.parse(made) as { actions: { name: string }[]; feeds: { name: string }[] };
    let text = "";
    for await (const part of made) text += part;
    return JSON.parse(text) as { actions: { name: string }[]; feeds: { name: string }[] };
  };

  test("are its actions, and apart from them its feeds", async () => {
    makeAction(mine, "p/one");
    makeAction(mine, "p/two", { annotations: [{ key: "feed", value: "true" }] });
    makeAction(mine, "q/three");
    const made = await withContents('{"name":"p"}', { path: "ns/p", stores: stores() });
    expect(typeof made).toBe("string");
    const { actions, feeds } = await whole(made);
    expect([actions.map(({ name }) => name), feeds.map(({ name }) => name)]).toEqual([["one"], ["two"]]);
  });

  test("beyond one page come in parts", async () => {
    for (let at = 0; at < 201; at++) makeAction(mine, `p/a${at}`);
    const made = await withContents('{"name":"p"}', { path: "ns/p", stores: stores() });
    expect(typeof made).not.toBe("string");
    expect((await whole(made)).actions).toHaveLength(201);
  });
});
