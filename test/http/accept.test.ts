// Which answers a caller takes.

import { Hono } from "hono";
import { expect, test } from "vitest";
import { accepts } from "../../src/http/accept.ts";

async function takes(accept: string | null, type: string): Promise<boolean> {
  const app = new Hono().get("/", (c) => c.json(accepts(c, type)));
  const answer = await app.request("/", { headers: accept === null ? {} : { Accept: accept } });
  return (await answer.json()) === true;
}

test.each([
  [null, true],
  ["", true],
  ["*/*", true],
  ["application/json", true],
  ["Application/JSON; charset=utf-8", true],
  ["application/*", true],
  ["text/html, application/json;q=0.1", true],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
  ["application/json;q=0", false],
  ["application/json;q=0.000, text/html", false],
  ["text/*", false],
  ["text/html", false],
  ["application/jsonp", false],
  ['text/html;x="application/json,"', false],
])("JSON by %s: %s", async (accept, takenSo) => {
  expect(await takes(accept, "application/json")).toBe(takenSo);
});

test("parameters of the answer count for nothing", async () => {
  expect(await takes("text/html", "Text/HTML; charset=UTF-8")).toBe(true);
  expect(await takes("image/png", "image/svg+xml")).toBe(false);
  expect(await takes("image/*;q=0.3", "image/svg+xml")).toBe(true);
});
