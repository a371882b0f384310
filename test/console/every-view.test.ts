// What holds for every view of the console: it fits a phone and is accessible, dark and light; all of it is reached by
// keyboard; and what comes from the platform is text, whatever field it stands in.

import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { admin, ask, fresh, useApi } from "../conformance/suite.ts";
import { type Furnished, furnished, operatorViews } from "./furnished.ts";
import { expectAccessible, expectFits, HOSTILE, openAsOperator, openAsTenant, useBrowser } from "./open.ts";

await useApi();
useBrowser();

type Views = readonly { path: string; seen: string }[];

/** One after the other in one page, as its menu would. */
async function eachView(page: Page, views: Views, look: (path: string) => Promise<void>): Promise<void> {
  for (const { path, seen } of views) {
    await page.evaluate(`location.hash = ${JSON.stringify(`#/${path}`)}`);
    await page.getByText(seen).and(page.locator("main *")).first().waitFor({ state: "attached" });
    await look(path);
  }
}

let place: Promise<Furnished> | undefined;

function shared(): Promise<Furnished> {
  place ??= furnished();
  return place;
}

async function aHost(): Promise<string> {
  return (await admin("GET", "hosts")).json[0].name;
}

it("is reached whole by keyboard, with the focus in sight; dialogs keep the focus, close by Escape and give it back", async () => {
  const place = await shared();
  const page = await openAsTenant({ path: "#/overview" }, place.key);
  await eachView(page, place.views, (path) => expectReached(page, path, path === "overview" ? "body" : "main"));
  for (const [letter, title] of Object.entries({ o: "Overview", f: "Functions", a: "Activations", k: "Keys" })) {
    await page.locator("h1").first().focus();
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await page.getByRole("heading", { name: title, exact: true, level: 1 }).waitFor();
  }
  const opener = page.getByRole("button", { name: /^Revoke the key ci/ });
  await opener.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  for (let presses = 0; presses < 8; presses++) {
    await page.keyboard.press("Tab");
    // The page's body stands for the browser's own controls.
    expect(await page.evaluate(`document.activeElement?.closest("dialog, body").tagName`)).toMatch(/^(DIALOG|BODY)$/);
    expect(
      await page.evaluate(
        `document.activeElement?.closest("main, nav") === null || document.activeElement.closest("dialog") !== null`,
      ),
    ).toBe(true);
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await expect
    .poll(() => page.evaluate(`document.activeElement?.getAttribute("aria-label")`))
    .toMatch(/^Revoke the key ci/);
  // What a click does, a key does.
  await page.getByLabel("Name of a new key").focus();
  await page.keyboard.type("typed");
  await page.keyboard.press("Tab");
  await page.keyboard.type("reader");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".secret").waitFor();
  await page.getByRole("row").filter({ hasText: "typed" }).getByText("reader").waitFor();

  const operator = await openAsOperator({ path: "#/hosts" });
  const views = operatorViews({ host: await aHost(), namespace: place.namespace });
  await eachView(operator, views, (path) => expectReached(operator, path, path === "hosts" ? "body" : "main"));
});

it("asks nothing but routes that the API's descriptions tell of", async () => {
  const place = await shared();
  const asked = new Set<string>();
  const note = (page: Page) =>
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (/^\/(api|admin)\//.test(pathname)) asked.add(`${request.method()} ${pathname}`);
    });
  const page = await openAsTenant({ path: "#/overview" }, place.key);
  note(page);
  await eachView(page, place.views, async () => {});
  const operator = await openAsOperator({ path: "#/hosts" });
  note(operator);
  await eachView(operator, operatorViews({ host: await aHost(), namespace: place.namespace }), async () => {});
  const known: RegExp[] = [];
  for (const [base, path] of [
    ["/api/v1", "api-docs"],
    ["/admin/v1", "api-docs/admin"],
  ]) {
    const { json } = await ask("GET", `/api/v1/${path}`, { key: null });
    for (const [where, all] of Object.entries<object>(json.paths)) {
      const verbs = Object.keys(all).join("|").toUpperCase();
      known.push(new RegExp(`^(${verbs}) ${base}${where.replaceAll(/\{\w+\}/g, "[^/]+")}$`));
    }
  }
  expect(asked.size).toBeGreaterThan(20);
  expect([...asked].filter((each) => !known.some((pattern) => pattern.test(each)))).toEqual([]);
});

/** Tab goes through all that can be used, and what has the focus shows it. */
async function expectReached(page: Page, path: string, part: "body" | "main"): Promise<void> {
  // Lists that are read again keep their elements: what was marked stays so.
  const wanted = (await page.evaluate((within) => {
    const { document: page } = globalThis as unknown as { document: Doc };
    page.activeElement?.blur();
    const usable = `a[href], button:not(:disabled), input:not(:disabled):not([type=radio]), select, textarea, summary, main [tabindex="0"], [contenteditable=true]`;
    const all = [...(page.querySelector(within)?.querySelectorAll(usable) ?? [])].filter((each) =>
      each.checkVisibility({ visibilityProperty: true }),
    );
    for (const each of all) each.dataset.unreached = "";
    page.querySelector("h1")?.focus();
    return all.length;
  }, part)) as number;
  const blind: string[] = [];
  for (let presses = 0, left = wanted; left > 0 && presses < wanted + 60; presses++) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(() => {
      const { document: page, getComputedStyle: styleOf } = globalThis as unknown as Win;
      const at = page.activeElement;
      const isSomething = at !== null && at.tagName !== "BODY";
      if (isSomething) delete at.dataset.unreached;
      const ring = (of: El | null) =>
        of !== null && styleOf(of).outlineStyle !== "none" && styleOf(of).outlineWidth !== "0px";
      const editor = isSomething ? at.closest(".cm-editor") : null;
      const unseen = isSomething && !ring(at) && !ring(editor) ? at.outerHTML.slice(0, 200) : null;
      return { unseen, inEditor: editor !== null, left: [...page.querySelectorAll("[data-unreached]")].length };
    });
    left = now.left;
    if (now.unseen !== null) blind.push(now.unseen);
    // The editor keeps Tab for itself until Escape.
    if (now.inEditor) await page.keyboard.press("Escape");
  }
  const missed = await page.evaluate(
    `[...document.querySelectorAll("[data-unreached]")].filter((each) => each.isConnected).map((each) => each.outerHTML.slice(0, 160))`,
  );
  expect([path, blind, missed]).toEqual([path, [], []]);
}

interface El {
  querySelectorAll(selector: string): Iterable<El>;
  tagName: string;
  outerHTML: string;
  dataset: Record<string, string>;
  focus(): void;
  blur(): void;
  closest(selector: string): El | null;
  checkVisibility(options: object): boolean;
}
interface Doc {
  activeElement: El | null;
  querySelector(selector: string): El | null;
  querySelectorAll(selector: string): Iterable<El>;
}
interface Win {
  document: Doc;
  getComputedStyle(of: El): { outlineStyle: string; outlineWidth: string };
}

/** Fields whose words say how the page is built: times, states, and ids that stand in addresses. */
const KEPT = new Set([
  ...["activationId", "next", "slot", "again", "state", "result", "outcome", "exec", "kind", "role", "rights"],
  ...["from", "feed", "build", "date", "startDate", "stopDate", "type", "what", "stage"],
]);

/** Each text in an answer with a script in it; `feed` annotations stay, since by them a schedule is known. */
function poisoned(value: unknown, key = ""): unknown {
  if (typeof value === "string")
    return KEPT.has(key) || /^\/whisk\.system\/alarms\//.test(value) ? value : `${HOSTILE} ${value}`;
  if (Array.isArray(value)) {
    if (KEPT.has(key)) return value;
    return value.map((each) => poisoned(each, key));
  }
  if (typeof value !== "object" || value === null) return value;
  const pair = value as { key?: unknown; value?: unknown };
  // By these annotations a schedule and a sequence are known.
  if ((pair.key === "feed" || pair.value === "sequence") && Object.keys(value).length <= 3) return value;
  // What is behind the first "/" is the function's name.
  if (pair.key === "path") return { key: "path", value: `ns/${HOSTILE}` };
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, poisoned(each, name)]));
}

function openAll(page: Page): Promise<void> {
  return page.evaluate(
    `for (const each of document.querySelectorAll("main details")) each.open = true`,
  ) as Promise<void>;
}

it("fits a phone, is accessible in the dark and the light, and takes each text of each answer for text, whoever wrote it", async () => {
  const place = await shared();
  const subject = `${fresh("subject")} ${HOSTILE}`;
  expect((await admin("POST", "identities", { subject, namespace: fresh("ns") })).status).toBe(200);
  const poison = (page: Page) =>
    page.route(/\/(api|admin)\/v1\//, async (route) => {
      // What the page has been told it asks for by the same name.
      const url = route
        .request()
        .url()
        .replaceAll(encodeURIComponent(`${HOSTILE} `), "");
      const answer = await route.fetch({ url });
      const text = await answer.text();
      const isJson = (answer.headers()["content-type"] ?? "").includes("json");
      await route.fulfill({
        response: answer,
        body: isJson && text !== "" ? JSON.stringify(poisoned(JSON.parse(text))) : text,
      });
    });
  const look = (page: Page) => async (path: string) => {
    const found = await page.evaluate(() => {
      const { document: page, hacked } = globalThis as unknown as { document: Doc; hacked?: number };
      const inserted = [...page.querySelectorAll("main img, main script, #menu img, #menu script")].length;
      const failed = [...page.querySelectorAll("main")].some((each) =>
        (each as unknown as { textContent: string }).textContent.includes("This view failed"),
      );
      const shown = [...page.querySelectorAll("body")].some((each) =>
        (each as unknown as { textContent: string }).textContent.includes("<script>globalThis.hacked=1</script>"),
      );
      return { hacked, inserted, failed, shown };
    });
    expect([path, found]).toEqual([path, { hacked: undefined, inserted: 0, failed: false, shown: true }]);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await expectFits(page);
      await expectAccessible(page);
    }
  };
  const page = await openAsTenant({ path: "#/functions", width: 390, colours: "dark" }, place.key);
  await poison(page);
  await page.reload();
  await eachView(page, place.views, async (path) => {
    await openAll(page);
    await look(page)(path);
  });
  // What goes wrong is text as well.
  await page.evaluate(`location.hash = "#/functions/not-there"`);
  await page.getByRole("alert").filter({ hasText: "<script>" }).waitFor();
  await look(page)("an error");
  const operator = await openAsOperator({ path: "#/nothing", width: 390, colours: "dark" });
  await poison(operator);
  const views = operatorViews({ host: await aHost(), namespace: place.namespace });
  await eachView(operator, views, async (path) => {
    await openAll(operator);
    await look(operator)(path);
  });
  // Lists are still being read.
  for (const each of [page, operator]) await each.unrouteAll({ behavior: "ignoreErrors" });
});
