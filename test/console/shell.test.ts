// The console's frame in a real browser: its origin, the ways in and out, what happens when the key or the platform
// goes, and how much is loaded first.

import { expect, it } from "vitest";
import {
  admin,
  adminTokenOf,
  apiUrl,
  code,
  consoleUrl,
  fresh,
  key,
  make,
  tenant,
  useApi,
} from "../conformance/suite.ts";
import { expectAccessible, expectFits, openAsTenant, openPage, useBrowser } from "./open.ts";

const MAX_FIRST_LOAD = 250 * 1024;

await useApi();
useBrowser();

it("is served from an origin of its own, with headers that let nothing else in, and with no page of a tenant", async () => {
  const page = await fetch(`${consoleUrl()}/`);
  const nonce = /'nonce-([^']+)'/.exec(page.headers.get("content-security-policy") ?? "")?.[1] ?? "";
  expect(nonce.length).toBeGreaterThan(20);
  expect(page.headers.get("content-security-policy")).toBe(
    `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; connect-src 'self'; img-src 'self' data:; ` +
      "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
  );
  const again = await fetch(`${consoleUrl()}/`);
  expect(again.headers.get("content-security-policy")).not.toContain(nonce);
  const answers = [page, again, await fetch(`${consoleUrl()}/api/v1`), await fetch(`${consoleUrl()}/nowhere`)];
  for (const { headers } of answers) {
    expect(Object.fromEntries(headers)).toMatchObject({
      "cache-control": "no-store",
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("date")).not.toBeNull();
  }
  for (const path of ["api/v1/web/guest/default/x", "api/v1/webhooks/x", "host/v1/connect", "console/none.js"])
    expect((await fetch(`${consoleUrl()}/${path}`)).status).toBe(404);
  expect((await fetch(`${consoleUrl()}/`, { method: "POST" })).status).toBe(405);
  const script = /src="([^"]+)"/.exec(await page.text())?.[1];
  expect((await fetch(`${consoleUrl()}${script}`)).status).toBe(200);
  expect((await fetch(`${apiUrl()}${script}`)).status).toBe(404);
  expect(await (await fetch(`${apiUrl()}/`)).text()).not.toContain("console");
});

it("loads no more than 250 KB before somebody signs in and sees his functions", async () => {
  const page = await openPage();
  const sizes: Promise<number>[] = [];
  page.on("response", (answer) =>
    sizes.push(
      answer
        .request()
        .sizes()
        .then((size) => size.responseBodySize),
    ),
  );
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const first = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(first).toBeGreaterThan(5_000);
  expect(first).toBeLessThan(MAX_FIRST_LOAD);
});

it("lets in with a key, keeps it for the tab alone, and forgets it when one leaves", async () => {
  const page = await openPage();
  await page.getByLabel("Key", { exact: true }).fill("no key");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This is not a key.").waitFor();
  await page.getByLabel("Key", { exact: true }).fill(`${crypto.randomUUID()}:${"x".repeat(64)}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This key opens nothing here.").waitFor();
  await expectAccessible(page);
  const { key: secret, namespace } = await tenant();
  await page.getByLabel("Key", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByTitle(`Signed in: ${namespace}`).waitFor();
  expect(page.url()).not.toContain(secret.slice(0, 8));
  await page.reload();
  await page.getByTitle(`Signed in: ${namespace}`).waitFor();
  const elsewhere = await page.context().newPage();
  await elsewhere.goto(consoleUrl());
  await elsewhere.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await page.evaluate("JSON.stringify({ ...sessionStorage, ...localStorage })")).not.toContain(
    secret.slice(0, 8),
  );
});

it("signs an operator out when a reload, 10 minutes without him, or 30 minutes have passed, and keeps his token nowhere", async () => {
  const page = await openPage();
  // Before anything of the page runs: its clock goes as it is told.
  await page.clock.install();
  await page.reload();
  const signIn = async (token: string) => {
    await page.getByLabel("As operator").check();
    await page.getByLabel("Administrator's token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  const isIn = page.getByTitle("Signed in: operator");
  await signIn("wrong");
  await page.getByText("This token opens nothing here.").waitFor();
  await signIn(adminTokenOf());
  await isIn.waitFor();
  expect(await page.evaluate("JSON.stringify({ ...sessionStorage, ...localStorage })")).toBe("{}");
  const later = async (minutes: number) => {
    await page.keyboard.press("Shift");
    await page.clock.fastForward(minutes * 60_000);
  };
  await later(9);
  expect(await isIn.isVisible()).toBe(true);
  await later(11);
  await page.getByText("nothing was done for 10 minutes").waitFor();
  await signIn(adminTokenOf());
  await isIn.waitFor();
  for (const minutes of [9, 9, 9, 2]) await later(minutes);
  await page.getByText("You will be signed out in 1 min").waitFor();
  await later(2);
  await page.getByText("30 minutes are over").waitFor();
  await signIn(adminTokenOf());
  await isIn.waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

it("goes back to the sign-in when the key is revoked, and on where one was with another", async () => {
  const { key: secret, subject } = await tenant();
  const page = await openAsTenant({}, secret);
  await page.getByRole("heading", { name: "Functions", exact: true }).waitFor();
  await page.getByLabel("Filter by name").fill("half-typed");
  const rotated = await admin("POST", `identities/${subject}/rotate`, {});
  expect(rotated.status).toBe(200);
  await page.getByText("The key is not accepted any more").waitFor();
  await expectAccessible(page);
  await page.getByLabel("Key", { exact: true }).fill(rotated.json.key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor({ state: "hidden" });
  expect(await page.getByLabel("Filter by name").inputValue()).toBe("half-typed");
});

it("says that the platform is down, asks again, and shows what is new when it is back", async () => {
  const page = await openAsTenant();
  await page.getByRole("heading", { name: "Functions", exact: true }).waitFor();
  await page.context().setOffline(true);
  await page.getByText("The platform does not answer.").first().waitFor();
  const name = fresh("made-meanwhile");
  await make(`actions/${name}`, code("function main() { return {}; }"));
  await page.context().setOffline(false);
  await page.getByRole("link", { name }).waitFor();
  await page.getByText("The platform does not answer.").first().waitFor({ state: "hidden" });
});

it("tells ages by the server's clock where the browser's is off", async () => {
  const name = fresh("now");
  await make(`actions/${name}`, code("function main() { return {}; }"));
  const page = await openPage({ path: "#/functions" });
  await page.clock.install({ time: Date.now() + 5 * 3_600_000 });
  await page.reload();
  await page.getByLabel("Key", { exact: true }).fill(key(1));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("5 hours fast").waitFor();
  const row = page.getByRole("row").filter({ hasText: name });
  await row.getByText(/just now|\d+ s ago|\d min ago/).waitFor();
});

it("can be used by keyboard, at the width of a phone, dark and light", async () => {
  const page = await openAsTenant({ width: 390, colours: "dark" });
  await page.getByRole("heading", { name: "Functions", exact: true }).waitFor();
  await expectFits(page);
  await expectAccessible(page);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("button", { name: "Colours: system" }).click();
  expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
  await page.getByRole("button", { name: "Colours: dark" }).click();
  await expectAccessible(page);
});

it("says so where an answer never comes or cannot be read, and shows what there is when it comes", async () => {
  const page = await openPage({ path: "#/schedules" });
  await page.clock.install();
  await page.reload();
  let seen = 0;
  // The first answer is none at all, twice, the second is cut off.
  await page.route("**/namespaces/_/triggers?*", async (route) => {
    seen++;
    if (seen === 3) await route.fulfill({ status: 200, contentType: "application/json", body: '[{"name":' });
    else if (seen > 3) await route.continue();
  });
  await page.getByLabel("Key", { exact: true }).fill((await tenant()).key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("schedules", { exact: false }).first().waitFor();
  for (const wanted of [1, 2]) {
    await expect.poll(() => seen).toBe(wanted);
    await page.clock.runFor(61_000);
  }
  await page.getByText("The platform does not answer.").first().waitFor();
  await page.clock.runFor(20_000);
  await page.getByText("The answer could not be read").waitFor();
  await page.clock.runFor(20_000);
  await page.getByRole("heading", { name: "No schedules yet" }).waitFor();
});
