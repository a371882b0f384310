// A sequence is made and changed in the console, by keyboard, on a phone's width, by two at once; and a function in a
// package.

import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { ask, code, tenant, useApi } from "../conformance/suite.ts";
import { expectAccessible, expectFits, openAsTenant, useBrowser } from "./open.ts";

await useApi();
useBrowser();

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const step = (page: Page) => page.getByLabel("Steps in their order").locator("code");

/** A namespace with functions that add their letter to a word. */
async function letters(): Promise<string> {
  const { key } = await tenant();
  for (const letter of ["a", "b", "c"]) {
    const body = code(`function main({ word = "" }) { return { word: word + "${letter}" }; }`);
    expect((await ask("PUT", `actions/${letter}`, { key, body })).status).toBe(200);
  }
  return key;
}

/** Types into whatever has the keyboard now. */
async function addByKeys(page: Page, name: string): Promise<void> {
  await page.getByLabel("Next step").focus();
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
}

async function componentsOf(key: string, name: string): Promise<string[]> {
  const { json } = await ask("GET", `actions/${name}`, { key });
  return json.exec.components.map((each: string) => each.slice(each.lastIndexOf("/") + 1));
}

it("makes a sequence by keyboard alone, orders its steps, and runs it", async () => {
  const key = await letters();
  const page = await openAsTenant({ path: "#/sequences", width: 390 }, key);
  await page.getByRole("heading", { name: "No sequences yet" }).waitFor();
  await expectAccessible(page);
  await button(page, "New sequence").focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Name", { exact: true }).focus();
  await page.keyboard.type("word");
  for (const name of ["c", "nowhere", "b", "a"]) await addByKeys(page, name);
  expect(await step(page).allTextContents()).toEqual(["c", "nowhere", "b", "a"]);
  await expectFits(page);
  await expectAccessible(page);
  // The keyboard stays with what it moves: up to the top, where it goes on at the other button.
  await button(page, "Move up step 4, a").focus();
  for (let times = 0; times < 3; times++) await page.keyboard.press("Enter");
  expect(await step(page).allTextContents()).toEqual(["a", "c", "nowhere", "b"]);
  await button(page, "Move down step 1, a").and(page.locator(":focus")).waitFor();
  await button(page, "Move down step 2, c").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await button(page, "Create sequence").focus();
  await page.keyboard.press("Enter");
  // What is typed stays where one of the functions is not there.
  await page.getByRole("alert").waitFor();
  expect(await step(page).allTextContents()).toEqual(["a", "nowhere", "b", "c"]);
  expect((await ask("GET", "actions/word", { key })).status).toBe(404);
  await button(page, "Take out step 2, nowhere").focus();
  await page.keyboard.press("Enter");
  await button(page, "Take out step 2, b").and(page.locator(":focus")).waitFor();
  await button(page, "Create sequence").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "word", level: 1 }).waitFor();
  await page.getByLabel("The sequence as a picture").waitFor();
  await expectFits(page);
  const run = await ask("POST", "actions/word?blocking=true&result=true", { key, body: {} });
  expect(run.json).toEqual({ word: "abc" });
});

it("keeps a begun sequence while another view is looked at, says that a name is taken, and is given up", async () => {
  const key = await letters();
  const page = await openAsTenant({ path: "#/sequences" }, key);
  await button(page, "New sequence").click();
  await page.getByLabel("Name", { exact: true }).fill("a");
  await addByKeys(page, "b");
  await page.getByRole("link", { name: "Triggers" }).click();
  await page.getByRole("heading", { name: "No triggers yet" }).waitFor();
  await page.getByRole("link", { name: "Sequences" }).click();
  await expect.poll(() => step(page).allTextContents()).toEqual(["b"]);
  await button(page, "Create sequence").click();
  await page.getByText("The name 'a' is taken.").waitFor();
  await expectAccessible(page);
  await button(page, "Give up").click();
  await button(page, "New sequence").click();
  expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("");
  await page.getByText("No steps yet.").waitFor();
});

it("changes the steps; what somebody else saved meanwhile is shown and not written over unasked", async () => {
  const key = await letters();
  const body = { exec: { kind: "sequence", components: ["/_/a", "/_/b"] } };
  expect((await ask("PUT", "actions/word", { key, body })).status).toBe(200);
  const page = await openAsTenant({ path: "#/sequences/word", width: 390, colours: "dark" }, key);
  await button(page, "Change the steps").click();
  await addByKeys(page, "c");
  await button(page, "Save steps").click();
  await button(page, "Change the steps").waitFor();
  expect(await componentsOf(key, "word")).toEqual(["a", "b", "c"]);
  await page.getByLabel("The sequence as a picture").getByRole("link", { name: "c" }).waitFor();

  await button(page, "Change the steps").click();
  await button(page, "Take out step 1, a").click();
  // A second tab, which has not seen it.
  const theirs = { exec: { kind: "sequence", components: ["/_/c", "/_/c"] } };
  expect((await ask("PUT", "actions/word?overwrite=true", { key, body: theirs })).status).toBe(200);
  await button(page, "Save steps").click();
  await page.getByRole("heading", { name: "Two versions" }).waitFor();
  await page.getByText("Theirs runs c, then c.").waitFor();
  expect(await step(page).allTextContents()).toEqual(["b", "c"]);
  expect(await componentsOf(key, "word")).toEqual(["c", "c"]);
  await expectFits(page);
  await expectAccessible(page);
  await button(page, "Save mine over theirs").click();
  await button(page, "Change the steps").waitFor();
  expect(await componentsOf(key, "word")).toEqual(["b", "c"]);

  // What changes besides the steps stands in nobody's way, and stays.
  await button(page, "Change the steps").click();
  await button(page, "Move down step 1, b").click();
  const note = { key: "note", value: "x" };
  const noted = { annotations: [note] };
  expect((await ask("PUT", "actions/word?overwrite=true", { key, body: noted })).status).toBe(200);
  await button(page, "Save steps").click();
  await expect.poll(() => componentsOf(key, "word")).toEqual(["c", "b"]);
  expect((await ask("GET", "actions/word", { key })).json.annotations).toContainEqual(note);
});

it("makes a function in a package, and says where there is no such package", async () => {
  const { key } = await tenant();
  const page = await openAsTenant({ path: "#/functions" }, key);
  await button(page, "Create a function").click();
  await page.getByLabel("Name", { exact: true }).fill("tools/hammer");
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await page.getByText("There is no package 'tools'.").waitFor();
  expect((await ask("PUT", "packages/tools", { key, body: {} })).status).toBe(200);
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name: "tools/hammer", level: 1 }).waitFor();
  expect((await ask("GET", "actions/tools/hammer", { key })).status).toBe(200);
});
