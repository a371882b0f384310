// What an operator sees in the console, in a real browser on a real platform: hosts, what waits, the audit log.

import { expect, it } from "vitest";
import { admin, ask, consoleUrl, fresh, tenant, useApi } from "../conformance/suite.ts";
import { expectAccessible, expectFits, HOSTILE, openAsOperator, openAsTenant, useBrowser } from "./open.ts";

await useApi();
useBrowser();

it("shows the hosts, one of them with its images, and drains it after a question", async () => {
  const page = await openAsOperator({ path: "#/hosts" });
  const row = page.getByRole("row").filter({ hasText: " MB" });
  await row.getByText("up", { exact: true }).waitFor();
  const name = (await row.getByRole("link").textContent()) ?? "";
  await expectAccessible(page);
  await row.getByRole("link").click();
  await page.getByRole("cell", { name: `${name}/0` }).waitFor();
  await expectAccessible(page);
  // Files run side by side on one platform: its host goes on to take what they ask for.
  const asked: string[] = [];
  await page.route("**/admin/v1/hosts/*/drain", (route) => {
    asked.push(`${route.request().method()} ${new URL(route.request().url()).pathname}`);
    return route.fulfill({ json: { name, draining: true } });
  });
  await page.getByRole("button", { name: `Drain the host ${name}` }).click();
  await page.getByText("what runs there goes on to its end").waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(asked).toEqual([]);
  await page.getByRole("button", { name: `Drain the host ${name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Drain", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(asked).toEqual([`POST /admin/v1/hosts/${name}/drain`]);
  // One that is ill is enabled, whatever it says of itself.
  await page.route(`**/admin/v1/hosts/${name}/enable`, (route) => {
    asked.push(`${route.request().method()} ${new URL(route.request().url()).pathname}`);
    return route.fulfill({ json: { name, draining: false } });
  });
  await page.route(`**/admin/v1/hosts/${name}`, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), state: "unhealthy", reason: "a try" } });
  });
  await page.getByRole("button", { name: "Enable" }).click();
  await expect.poll(() => asked.at(-1)).toBe(`POST /admin/v1/hosts/${name}/enable`);
});

it("takes all that hosts say for text, and says what waits and why, at the width of a phone", async () => {
  const page = await openAsOperator({ width: 390, colours: "dark" });
  await page.route("**/admin/v1/status", async (route) => {
    const answer = await route.fetch();
    const status = await answer.json();
    const [host] = status.hosts;
    const bad = { name: HOSTILE, state: "unhealthy", reason: HOSTILE, build: HOSTILE, engine: HOSTILE };
    const wait = { namespace: HOSTILE, store: "x:0", waiting: 3, running: 0, fires: 1, oldestWaitMs: 61_000 };
    const waiting = [{ ...wait, reason: HOSTILE, lines: [] }];
    await route.fulfill({ response: answer, json: { ...status, hosts: [host, { ...host, ...bad }], waiting } });
  });
  await page.getByRole("cell", { name: "1 min 1 s" }).waitFor();
  expect(await page.getByText("<script>").count()).toBeGreaterThan(3);
  await expectFits(page);
  await expectAccessible(page);
});

it("finds in the audit log who did what, whatever his name is; with a tenant's key there is none of this", async () => {
  const subject = `${fresh("who")} ${HOSTILE}`;
  const made = await admin("POST", "identities", { subject, namespace: fresh("ns") });
  expect(made.status).toBe(200);
  const { namespace } = made.json;
  const page = await openAsOperator({ path: "#/audit" });
  await page.getByRole("row").nth(1).waitFor();
  await page.getByLabel("Namespace").fill(namespace);
  await page.getByLabel("Act, or kind of act").fill("key");
  await page.keyboard.press("Enter");
  const row = page.getByRole("row").filter({ hasText: namespace });
  await row.getByText("key.issue").waitFor();
  await row.getByText("more").click();
  await expectAccessible(page);
  await page.getByLabel("Subject").fill(subject);
  await page.getByLabel("Result").selectOption("failed");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByRole("heading", { name: "Nothing like that" }).waitFor();
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("row").nth(1).waitFor();
  await expectFits(page);
  const { key } = await tenant();
  const other = await openAsTenant({ path: "#/audit" }, key);
  await other.getByRole("heading", { name: "This view is not for this sign-in" }).waitFor();
  expect(await other.getByRole("link", { name: "Hosts" }).count()).toBe(0);
  expect((await ask("GET", "/admin/v1/audit", { key })).status).toBe(401);
});

it("offers each role what it may; what a role that was taken away may no more is refused with a sentence", async () => {
  const administrator = async (role: string) => {
    const made = await admin("POST", "administrators", { name: fresh(role), role });
    expect(made.status).toBe(200);
    return made.json as { name: string; token: string };
  };
  const [auditor, operator] = await Promise.all([administrator("auditor"), administrator("operator")]);
  const { namespace } = await tenant();
  const looks = await openAsOperator({ path: "#/hosts" }, auditor.token);
  await looks.getByTitle(`Signed in: ${auditor.name} (auditor)`).waitFor();
  await looks.getByRole("row").filter({ hasText: " MB" }).first().getByRole("link").click();
  await looks.getByText("Your role looks at hosts.").waitFor();
  expect(await looks.getByRole("button", { name: /^Drain/ }).count()).toBe(0);
  await expectAccessible(looks);
  await looks.goto(looks.url().replace(/#.*/, `#/namespaces/${namespace}`));
  await looks.getByText("Your role looks at namespaces.").waitFor();
  expect(await looks.getByRole("button", { name: /Set limits|Shut out/ }).count()).toBe(0);
  const drained = await fetch(`${consoleUrl()}/admin/v1/hosts/any/drain`, {
    method: "POST",
    headers: { Authorization: `Bearer ${auditor.token}`, "Content-Type": "application/json" },
    body: "{}",
  });
  expect(drained.status).toBe(403);

  // What the page does not know yet, the platform does.
  const page = await openAsOperator({ path: `#/namespaces/${namespace}` }, operator.token);
  await page.getByLabel("Calls a minute").fill("70");
  await page.getByRole("button", { name: "Set limits" }).click();
  await expect
    .poll(async () => (await admin("GET", `namespaces/${namespace}/limits`)).json.limits)
    .toEqual({
      invocationsPerMinute: 70,
    });
  await admin("PATCH", `administrators/${operator.name}`, { role: "auditor" });
  await page.getByRole("button", { name: /^Shut out/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Shut out" }).click();
  await page.getByText("that takes the role 'admin' or 'operator'.").waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await admin("DELETE", `administrators/${operator.name}`);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByLabel("As operator").check();
  await page.getByLabel("Administrator's token").fill(operator.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This token opens nothing here.").waitFor();
});
