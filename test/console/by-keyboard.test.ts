// What each view is for, done by keyboard alone: no pointer, no script touches the page.

import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { admin, ask, fresh, tenant, useApi } from "../conformance/suite.ts";
import { furnished } from "./furnished.ts";
import { openAsOperator, openPage, useBrowser } from "./open.ts";

await useApi();
useBrowser();

/** More than any view has to step over. */
const MAX_STEPS = 150;

/** Tab, until what has the focus has this name; names are those that a screen reader tells. */
async function reach(page: Page, name: string | RegExp, { back = false }: { back?: boolean } = {}): Promise<void> {
  const passed: string[] = [];
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    await page.keyboard.press(back ? "Shift+Tab" : "Tab");
    const now = await nameOfFocus(page);
    if (typeof name === "string" ? now === name : name.test(now)) return;
    passed.push(now);
  }
  throw new Error(`Tab does not come to ${name}; it went over: ${[...new Set(passed)].join(" | ")}`);
}

/** As the browser computes it for assistive technology. */
async function nameOfFocus(page: Page): Promise<string> {
  const focus = page.locator("*:focus").last();
  if ((await focus.count()) === 0) return "";
  const snapshot = await focus.ariaSnapshot();
  // What opens and closes is told by its text.
  const summary = await focus.evaluate((element) =>
    (element as unknown as { tagName: string; textContent: string }).tagName === "SUMMARY"
      ? (element as unknown as { textContent: string }).textContent
      : "",
  );
  if (summary !== "") return summary;
  // `- button "Save"`, or a box with a value behind its name.
  return /^- (?:'?)\w+ "((?:[^"\\]|\\.)*)"/.exec(snapshot)?.[1]?.replaceAll('\\"', '"') ?? "";
}

async function choose(page: Page, name: string | RegExp, key = "Enter"): Promise<void> {
  await reach(page, name);
  await page.keyboard.press(key);
}

/** By the two keys of the view. */
async function goTo(page: Page, letter: string, title: string): Promise<void> {
  await page.keyboard.press("g");
  await page.keyboard.press(letter);
  await page.getByRole("heading", { name: title, exact: true, level: 1 }).waitFor();
}

async function type(page: Page, name: string | RegExp, text: string): Promise<void> {
  await reach(page, name);
  await page.keyboard.press("Control+a");
  await page.keyboard.type(text);
}

it("signs in; makes, edits, runs and finds a function; makes, fires and schedules triggers; binds, and issues a key", async () => {
  const { key } = await tenant();
  const page = await openPage({ path: "#/functions" });
  await type(page, "Key", key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "No functions yet" }).waitFor();

  await choose(page, "Create a function");
  await type(page, "Name", "typed");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "typed", level: 1 }).waitFor();
  await page.locator(".cm-content").waitFor();
  await reach(page, "Code");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("function main(args) { console.log('seen'); return { got: args.n };");
  await page.keyboard.press("Delete");
  await page.keyboard.type(" }");
  await page.keyboard.press("Control+s");
  await page.getByText("Version 0.0.2").waitFor();
  await page.keyboard.press("Escape");
  await type(page, "Input", '{ "n": 41 }');
  const run = page.getByRole("region", { name: "Run" });
  await reach(page, "Run", { back: true });
  await page.keyboard.press("Enter");
  await run.getByText('"got": 41').waitFor();
  await run.getByText("seen").waitFor();

  await choose(page, "Activations");
  await page.getByRole("heading", { name: "Activations", exact: true, level: 1 }).waitFor();
  await page.getByRole("row").filter({ hasText: "success" }).waitFor();
  await reach(page, "Ended as");
  await page.keyboard.type("success");
  await choose(page, "typed");
  await page.getByRole("heading", { name: "typed", level: 1 }).waitFor();
  await type(page, "Input", '{ "n": 42 }');
  await reach(page, "Run with this input", { back: true });
  await page.keyboard.press("Enter");
  await page.getByText('"got": 42').waitFor();

  await page.locator("h1").first().waitFor();
  await choose(page, "All activations");
  await goTo(page, "t", "Triggers");
  await type(page, "New trigger", "rang");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "rang", level: 1 }).waitFor();
  await type(page, "Start this function as well", "typed");
  await page.keyboard.press("Enter");
  await page.getByRole("cell", { name: "rang-typed", exact: true }).waitFor();
  await choose(page, "Fire");
  await page.getByRole("link", { name: "what it started" }).waitFor();

  await goTo(page, "s", "Schedules");
  await choose(page, "New schedule");
  await page.getByLabel("Cron pattern", { exact: true }).waitFor();
  await type(page, "Name", "hourly");
  await type(page, /^Start this function/, "typed");
  await choose(page, "Create schedule");
  await page.getByRole("heading", { name: "hourly", level: 1 }).waitFor();
  await choose(page, "Pause");
  await page.getByText("None while it is off.").waitFor();

  await goTo(page, "p", "Packages");
  await type(page, "New package", "tools");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "It is empty" }).waitFor();
  await goTo(page, "l", "Limits and usage");
  await choose(page, "Change it");
  await type(page, /^Age/, "7");
  await choose(page, /^Set/);
  await page.getByRole("dialog").waitFor();
  await choose(page, "Set");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByText("7 days").waitFor();
  await goTo(page, "k", "Keys");
  await type(page, "Name of a new key", "ci");
  await choose(page, "Issue key");
  await page.locator(".secret").waitFor();
  await goTo(page, "o", "Overview");
  await reach(page, "Span");
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => page.url()).toContain("step=hour");
  await choose(page, "Sign out");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect((await ask("GET", "triggers/rang", { key })).status).toBe(200);
});

it("opens a sequence's steps, and binds a package of others", async () => {
  const place = await furnished();
  const page = await openPage({ path: "#/sequences" });
  await type(page, "Key", place.key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sequences", exact: true }).waitFor();
  await page.getByRole("link", { name: "chain" }).waitFor();
  await choose(page, "chain");
  await page.getByRole("heading", { name: "chain", level: 1 }).waitFor();
  await page.getByLabel("The sequence as a picture").waitFor();
  await choose(page, "greet");
  await page.getByRole("heading", { name: "greet", level: 1 }).waitFor();
  await page.keyboard.press("g");
  await goTo(page, "p", "Packages");
  await type(page, "Shared by the namespace", "whisk.system");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "utils", exact: true }).waitFor();
  await choose(page, "utils");
  await type(page, "Name of the binding", "bound");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "bound/echo" }).waitFor();
});

it("lets an operator look at a host and ask for its drain, set a namespace's limits, and filter the log", async () => {
  const { namespace } = await tenant();
  const page = await openAsOperator({ path: "#/hosts" });
  const [host] = (await admin("GET", "hosts")).json;
  await page.getByRole("link", { name: host.name }).waitFor();
  await choose(page, host.name);
  await page.getByRole("heading", { name: host.name, level: 1 }).waitFor();
  await choose(page, /^Drain/);
  await page.getByRole("dialog").waitFor();
  // The platform is shared: others are not left without a host.
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await goTo(page, "n", "Namespaces");
  await page.goto(page.url().replace(/#.*/, `#/namespaces/${namespace}`));
  await page.getByLabel("Calls a minute").waitFor();
  await type(page, "Calls a minute", "70");
  await choose(page, "Set limits");
  await expect
    .poll(async () => (await admin("GET", `namespaces/${namespace}/limits`)).json.limits)
    .toEqual({ invocationsPerMinute: 70 });
  await page.keyboard.press("Escape");
  await choose(page, "Audit log");
  await page.getByRole("heading", { name: "Audit log", exact: true }).waitFor();
  await type(page, "Namespace", namespace);
  await page.keyboard.press("Enter");
  await page.getByRole("row").filter({ hasText: "limits.set" }).waitFor();
  const name = fresh("nobody");
  await type(page, "Namespace", name);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Nothing like that" }).waitFor();
});
