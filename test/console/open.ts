// What every console test stands on: the shared browser with a page of its own for each test, which fails with the
// first error or breach of the policy in it; ways in; and the look at what is accessible.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type * as Axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { adminTokenOf, consoleUrl, key } from "../conformance/suite.ts";

/** A text that runs, should anything take it for more than text. */
export const HOSTILE = `<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>"'&\${1}`;
/** The longest wait (ms) for what is to be seen. */
const PATIENCE_MS = 100_000;
/** Characters of a page that are shown where a test fails. */
const MAX_SHOWN = 3_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** What the browser itself says of requests that tests let fail. */
const NETWORK_NOISE = /^Failed to load resource/;

let browser: Browser;
const contexts: BrowserContext[] = [];
const faults: string[] = [];

/** Call once at the top of a file, after `await useApi()`. */
export function useBrowser(): void {
  beforeAll(async () => {
    const answer = await fetch(`${inject("platformDoor")}/browser`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    browser = await chromium.connect(text);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await showPages();
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(faults.splice(0)).toEqual([]);
  });
  afterAll(() => browser?.close());
}

/** What stands there when a test fails: what it waited for has not come, and something else has. */
async function showPages(): Promise<void> {
  for (const page of contexts.flatMap((context) => context.pages())) {
    const text = (await page.textContent("body", { timeout: 5_000 }).catch(String)) ?? "";
    console.log(`${page.url()} shows:\n${text.slice(0, MAX_SHOWN)}`);
  }
}

export interface Opening {
  /** Below the console's origin, e.g. "#/functions". */
  path?: string;
  width?: number;
  colours?: "light" | "dark";
  /** Of the console; absent: of the shared platform's. */
  origin?: string;
}

/** A page of its own that shares nothing with others. */
export async function openPage(opening: Opening = {}): Promise<Page> {
  const { path = "", width = 1280, colours = "light", origin = consoleUrl() } = opening;
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: colours,
    reducedMotion: "reduce",
  });
  contexts.push(context);
  context.setDefaultTimeout(PATIENCE_MS);
  await context.addInitScript(AXE);
  const page = await context.newPage();
  watch(page);
  await page.goto(`${origin}/${path}`);
  return page;
}

/** What a page must not say is noted. */
export function watch(page: Page): void {
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !NETWORK_NOISE.test(message.text())) faults.push(`console: ${message.text()}`);
  });
}

/** With a namespace's key, at this place. */
export async function openAsTenant(opening: Opening = {}, secret = key(1)): Promise<Page> {
  const page = await openPage({ path: "#/functions", ...opening });
  await page.getByLabel("Key", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#menu").waitFor({ state: "attached" });
  return page;
}

export async function openAsOperator(opening: Opening = {}, token = adminTokenOf()): Promise<Page> {
  const page = await openPage(opening);
  await page.getByLabel("As operator").check();
  await page.getByLabel("Administrator's token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#menu").waitFor({ state: "attached" });
  return page;
}

/** As somebody types it, key by key, in place of all that is in a code editor. */
export async function typeByKeys(editor: Locator, text: string): Promise<void> {
  await editor.page().locator(".cm-content").waitFor();
  await editor.click();
  await editor.press("Control+a");
  await editor.page().keyboard.type(text);
}

/** In place of all that is in a code editor, at once: pasted. */
export async function typeCode(editor: Locator, text: string): Promise<void> {
  // Until the editor has come a plain field stands there.
  await editor.page().locator(".cm-content").waitFor();
  await editor.click();
  await editor.press("Control+a");
  await editor.evaluate((element, pasted) => {
    const { DataTransfer: Data, ClipboardEvent: Paste } = globalThis as unknown as PastingWindow;
    const clipboardData = new Data();
    clipboardData.setData("text/plain", pasted);
    element.dispatchEvent(new Paste("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

interface PastingWindow {
  DataTransfer: new () => { setData(type: string, text: string): void };
  ClipboardEvent: new (type: string, options: object) => never;
}

/** Nothing that WCAG 2 A or AA forbids, and no text of a tenant has run. */
export async function expectAccessible(page: Page): Promise<void> {
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof Axe };
    const { violations } = await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
  });
  expect(found).toEqual([]);
  expect(await page.evaluate(() => (globalThis as { hacked?: number }).hacked)).toBeUndefined();
}

/** Nothing stands out of the page to the right. */
export async function expectFits(page: Page): Promise<void> {
  const over = await page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`);
  expect([new URL(page.url()).hash, Math.max(0, Number(over))]).toEqual([new URL(page.url()).hash, 0]);
}
