// What is in a namespace and what it may use, in the console, in a real browser on a real platform: packages, bindings,
// sequences, limits, keys.

import { expect, it } from "vitest";
import type { KeyItem } from "../../src/entities/administration.ts";
import { ask, code, pair, tenant, useApi } from "../conformance/suite.ts";
import { expectAccessible, expectFits, HOSTILE, openAsTenant, useBrowser } from "./open.ts";

await useApi();
useBrowser();

async function put(key: string, path: string, body: object): Promise<void> {
  const answer = await ask("PUT", path, { key, body });
  expect([path, answer.status]).toEqual([path, 200]);
}

it("makes a package, shows what is in it and in those of others, and binds one", async () => {
  const { key } = await tenant();
  const page = await openAsTenant({ path: "#/packages" }, key);
  await page.getByRole("heading", { name: "No packages yet" }).waitFor();
  await expectAccessible(page);
  await page.getByLabel("New package").fill("tools");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "It is empty" }).waitFor();
  const annotations = [pair("description", HOSTILE)];
  await put(key, "packages/tools?overwrite=true", { publish: true, annotations, parameters: [pair("p", HOSTILE)] });
  await put(key, "actions/tools/hammer", { ...code("function main() { return {}; }"), annotations });
  await page.reload();
  await page.getByRole("link", { name: "tools/hammer" }).waitFor();
  expect(await page.getByText("<script>").count()).toBe(3);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Delete the package tools" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "All packages" }).click();
  await page.getByText("shared with everybody").waitFor();
  await page.setViewportSize({ width: 390, height: 800 });
  await expectFits(page);
  await page.getByLabel("Shared by the namespace").fill("whisk.system");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "utils", exact: true }).click();
  await page.getByRole("cell", { name: "/whisk.system/utils/echo" }).waitFor();
  await page.getByLabel("Name of the binding").fill("building-blocks");
  await page.getByLabel("With these parameters").fill('{"big": 12345678901234567890}');
  await page.getByRole("button", { name: "Make binding" }).click();
  await page.getByRole("link", { name: "building-blocks/echo" }).waitFor();
  expect((await ask("GET", "packages/building-blocks", { key })).text).toContain("12345678901234567890");
  await expectFits(page);
  await expectAccessible(page);
});

it("draws a sequence; what is a sequence in it opens and closes by keyboard", async () => {
  const { key } = await tenant();
  for (const name of ["check", "price"])
    await put(key, `actions/${name}`, code("function main(args) { return args; }"));
  const sequence = (...steps: string[]) => ({ exec: { kind: "sequence", components: steps } });
  await put(key, "actions/inner", sequence("/_/check", "/_/price"));
  await put(key, "actions/outer", sequence("/_/check", "/_/inner", "/whisk.system/utils/echo"));
  const page = await openAsTenant({ path: "#/sequences", width: 390, colours: "dark" }, key);
  await page.getByRole("link", { name: "outer" }).click();
  const graph = page.getByLabel("The sequence as a picture");
  await graph.getByRole("link", { name: "check" }).waitFor();
  await expectAccessible(page);
  await graph.getByRole("button", { name: "Open inner" }).focus();
  await page.keyboard.press("Enter");
  await graph.getByRole("link", { name: "price" }).waitFor();
  expect(await graph.getByRole("link", { name: "check" }).count()).toBe(2);
  const focused = `document.activeElement.getAttribute("aria-label")`;
  await expect.poll(() => page.evaluate(focused)).toBe("Close inner");
  await expectFits(page);
  await expectAccessible(page);
  await page.keyboard.press(" ");
  await graph.getByRole("button", { name: "Open inner" }).waitFor();
  await graph.getByRole("link", { name: "check" }).focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => page.url()).toContain("#/functions/check");
});

it("shows the limits with what is used, and manages keys; what a reader's key may not see is said", async () => {
  const { key } = await tenant({ invocationsPerMinute: 60, concurrentInvocations: 7 });
  await put(key, "actions/greet", code("function main() { return {}; }"));
  const page = await openAsTenant({ path: "#/limits", width: 390 }, key);
  await page.getByText("of 60").waitFor();
  await page.getByText("of 7").waitFor();
  await page.getByText("Together, each once").waitFor();
  await expectFits(page);
  await expectAccessible(page);
  await page.goto(page.url().replace(/#.*/, "#/keys"));
  await page.getByLabel("Name of a new key").fill("<script>");
  await page.getByRole("button", { name: "Issue key" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Name of a new key").fill("looks");
  await page.getByLabel("Role").selectOption("reader");
  await page.getByRole("button", { name: "Issue key" }).click();
  const issued = (await page.locator(".secret").textContent()) ?? "";
  expect((await ask("GET", "actions", { key: issued })).status).toBe(200);
  await page.getByRole("row").filter({ hasText: "looks" }).getByText("reader").waitFor();
  await expectFits(page);
  await expectAccessible(page);
  const reader = await openAsTenant({ path: "#/keys" }, issued);
  await reader.getByText("Keys are managed by who owns the namespace").waitFor();
  await reader.goto(reader.url().replace(/#.*/, "#/limits"));
  await reader.getByText("is for an owner's key to see").waitFor();
  // Replaced: the one before is good for a while, and the new one is shown once.
  await page.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("button", { name: /^Replace the key looks/ }).click();
  await page.getByLabel("The one before stays good").selectOption("for a day");
  await expectAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Replace" }).click();
  const second = (await page.locator(".secret").textContent()) ?? "";
  for (const each of [issued, second]) expect((await ask("GET", "actions", { key: each })).status).toBe(200);
  await page
    .getByRole("row")
    .filter({ hasText: "replaced" })
    .getByText(/ends in (23 h|1 d)/)
    .waitFor();
  await page.getByRole("button", { name: "I have it" }).click();
  await page.reload();
  await page.getByRole("row").filter({ hasText: "replaced" }).waitFor();
  expect(await page.content()).not.toContain(second.split(":")[1]);
  // With an end, and a scope; and the key that one is signed in with: one goes on with what took its place.
  await page.getByLabel("Name of a new key").fill("short");
  await page.getByLabel("Role").selectOption("invoker");
  await page.getByLabel("Only these names").fill("orders/* greet");
  await page.getByLabel("Ends").fill("2090-01-02T03:04");
  await page.keyboard.press("Enter");
  const short = (await page.locator(".secret").textContent()) ?? "";
  const keys = async (by: string) => (await ask("GET", "keys", { key: by })).json.items as KeyItem[];
  const made = (await keys(key)).find(({ name }) => name === "short");
  expect(made).toMatchObject({ role: "invoker", scope: ["orders/*", "greet"], ends: Date.UTC(2090, 0, 2, 3, 4) });
  expect((await ask("POST", "actions/greet", { key: short, body: {} })).status).toBe(202);
  await page.getByRole("button", { name: "I have it" }).click();
  const own = page.getByRole("row").filter({ hasText: "yours, here" });
  await own.getByRole("button", { name: /^Replace the key/ }).click();
  await page.getByLabel("The one before stays good").selectOption("not at all");
  await page.getByRole("dialog").getByRole("button", { name: "Replace" }).click();
  const mine = (await page.locator(".secret").textContent()) ?? "";
  expect((await ask("GET", "actions", { key })).status).toBe(401);
  await own.waitFor();
  await page.reload();
  await own.waitFor();
  expect((await keys(mine)).map(({ name }) => name).toSorted()).toEqual(["default", "looks", "looks", "short"]);
  const looks = page.getByRole("row").filter({ hasText: "looks" });
  for (const left of [1, 0]) {
    await looks
      .getByRole("button", { name: /^Revoke/ })
      .first()
      .click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await expect.poll(() => looks.count()).toBe(left);
  }
  for (const each of [issued, second]) expect((await ask("GET", "actions", { key: each })).status).toBe(401);
});

it("sets how long records are kept, after a question, and says what it takes to keep more", async () => {
  const { key } = await tenant();
  const page = await openAsTenant({ path: "#/limits" }, key);
  const kept = page.getByRole("region", { name: "How long records are kept" });
  await kept.getByText("Change it").click();
  await kept.getByLabel("Age").fill("7");
  await kept.getByLabel("Size").fill("100");
  await kept.getByRole("button", { name: "Set how long records are kept" }).click();
  await page.getByText("age at most 7 days, size at most 100.0 MB.").waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  expect((await ask("GET", "retention", { key })).json.bounds.maxAge.from).not.toBe("namespace");
  await kept.getByRole("button", { name: "Set how long records are kept" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Set" }).click();
  // The fact, not the question's own words: what was typed is asked again only once it is known.
  await kept.getByText("7 days", { exact: true }).waitFor();
  await expect
    .poll(async () => {
      const { maxAge, maxBytes, maxRecords } = (await ask("GET", "retention", { key })).json.bounds;
      return [maxAge.value, maxBytes.value, maxRecords.from];
    })
    .toEqual([604_800, 104_857_600, "none"]);
  await kept.getByText("Change it").click();
  expect(await kept.getByLabel("Age").inputValue()).toBe("7");
  await kept.getByLabel("Age").fill("0.0001");
  await kept.getByRole("button", { name: "Set how long records are kept" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Set" }).click();
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await page.keyboard.press("Escape");
});
