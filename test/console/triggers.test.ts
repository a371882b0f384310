// Triggers, rules and schedules in the console, in a real browser on a real platform.

import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { ask, code, type Loose, pair, tenant, useApi } from "../conformance/suite.ts";
import { expectAccessible, expectFits, HOSTILE, openAsTenant, useBrowser } from "./open.ts";

const DAY_MS = 86_400_000;
const ALARMS = "/api/v1/namespaces/whisk.system/actions/alarms";

await useApi();
useBrowser();

/** A namespace of its own with a function in it. */
async function place(): Promise<{ key: string; put: (path: string, body: object) => Promise<Loose> }> {
  const { key } = await tenant();
  const put = async (path: string, body: object) => {
    const answer = await ask("PUT", path, { key, body });
    expect([path, answer.status]).toEqual([path, 200]);
    return answer.json;
  };
  await put("actions/greet", code("function main(args) { return args; }"));
  return { key, put };
}

async function alarm(key: string, kind: string, body: object): Promise<void> {
  const answer = await ask("POST", `${ALARMS}/${kind}?blocking=true&result=true`, { key, body });
  expect([answer.status, answer.json]).toEqual([200, { status: "success" }]);
}

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });

it("makes a trigger, adds a rule, switches it, and fires with parameters", async () => {
  const { key, put } = await place();
  const page = await openAsTenant({ path: "#/triggers" }, key);
  await page.getByRole("heading", { name: "No triggers yet" }).waitFor();
  await expectAccessible(page);
  await page.getByLabel("New trigger").fill("no/name");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await page.getByLabel("New trigger").fill("order");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "order", level: 1 }).waitFor();
  await page.getByText("it has no rule yet").waitFor();
  await button(page, "Fire").click();
  await page.getByText("nothing started: no rule of it is on").waitFor();
  await page.getByLabel("Start this function as well").fill("nowhere");
  await button(page, "Add rule").click();
  await page.getByText("does not exist").waitFor();
  await page.getByLabel("Start this function as well").fill("greet");
  await page.keyboard.press("Enter");
  await button(page, "Switch off the rule order-greet").click();
  await button(page, "Switch on the rule order-greet").click();
  await button(page, "Switch off the rule order-greet").waitFor();
  await page.getByLabel("With these parameters").fill("{");
  await button(page, "Fire").click();
  await page.getByText("This is no JSON").waitFor();
  await page.getByLabel("With these parameters").fill(JSON.stringify({ text: HOSTILE }));
  await button(page, "Fire").click();
  await page.getByRole("link", { name: "what it started" }).waitFor();
  const records = () => ask("GET", "activations?name=greet&docs=true", { key });
  await expect.poll(async () => (await records()).json[0]?.response.result.text).toBe(HOSTILE);
  await put("triggers/order?overwrite=true", {
    annotations: [pair("feed", HOSTILE)],
    parameters: [pair("text", HOSTILE)],
  });
  await page.getByRole("definition").filter({ hasText: "onerror" }).first().waitFor();
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 800 });
  await expectFits(page);
  await page.getByRole("link", { name: "All triggers" }).click();
  await page.getByRole("cell", { name: "greet" }).waitFor();
  await expectFits(page);
  await expectAccessible(page);
});

it("makes a schedule whose next runs the platform told before, pauses, resumes, fires and deletes it", async () => {
  const { key } = await place();
  const page = await openAsTenant({ path: "#/schedules", width: 390, colours: "dark" }, key);
  await page.getByRole("heading", { name: "No schedules yet" }).waitFor();
  await button(page, "New schedule").click();
  await page.getByLabel("Cron pattern", { exact: true }).fill("rubbish");
  await page.getByText("cron pattern 'rubbish' is not valid").waitFor();
  await page.getByLabel("Cron pattern", { exact: true }).fill("30 7 * * *");
  await page.getByLabel("Time zone").fill("Asia/Kolkata");
  const runs = page.locator(".preview time");
  await expect.poll(() => runs.count()).toBe(5);
  const told = await runs.first().getAttribute("datetime");
  expect(told?.slice(11, 16)).toBe("02:00");
  expect(Date.parse(told ?? "") - Date.now()).toBeLessThanOrEqual(DAY_MS);
  await expectFits(page);
  await expectAccessible(page);
  await page.getByLabel("Name", { exact: true }).fill("mornings");
  await page.getByLabel("Start this function").fill("nowhere");
  await button(page, "Create schedule").click();
  await page.getByText("does not exist").waitFor();
  expect((await ask("GET", "triggers/mornings", { key })).status).toBe(404);
  await page.getByLabel("Start this function").fill("greet");
  await page.getByLabel("With these parameters").fill(JSON.stringify({ text: HOSTILE }));
  await button(page, "Create schedule").click();
  await page.getByRole("heading", { name: "mornings", level: 1 }).waitFor();
  expect(await page.locator(".runs time").first().getAttribute("datetime")).toBe(told);
  await button(page, "Pause").click();
  await page.getByText("None while it is off.").waitFor();
  await button(page, "Resume").click();
  await page.locator(".runs time").first().waitFor();
  await button(page, "Fire now").click();
  await page.getByRole("link", { name: "what it started" }).waitFor();
  const records = () => ask("GET", "activations?name=greet&docs=true", { key });
  await expect.poll(async () => (await records()).json[0]?.response.result.text).toBe(HOSTILE);
  await expectFits(page);
  await expectAccessible(page);
  await button(page, "Delete the schedule mornings").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "No schedules yet" }).waitFor();
  expect((await ask("GET", "triggers/mornings", { key })).status).toBe(404);
  expect((await ask("GET", "triggers/mornings/schedule", { key })).status).toBe(404);
});

it("shows what became of each run, and how late it was; the routes behind it refuse what is wrong", async () => {
  const { key, put } = await place();
  await put("triggers/soon", { annotations: [pair("feed", "/whisk.system/alarms/once")] });
  await put("rules/soon-greet", { trigger: "/_/soon", action: "/_/greet" });
  const about = { triggerName: "/_/soon", trigger_payload: { text: HOSTILE } };
  await alarm(key, "once", { ...about, lifecycleEvent: "CREATE", date: Date.now() + 2_000 });
  const page = await openAsTenant({ path: "#/schedules/soon" }, key);
  const row = page.getByRole("row").filter({ hasText: "fired" });
  await row.getByRole("link", { name: "what it started" }).waitFor();
  await row.getByText(/\d ms|\d s/).waitFor();
  await expectAccessible(page);
  await page.goto(page.url().replace(/#.*/, "#/schedules/none"));
  await page.getByRole("heading", { name: "This trigger has no schedule" }).waitFor();
  const shown = (await ask("GET", "triggers/soon/schedule", { key })).json;
  expect(shown.schedule.history[0]).toMatchObject({ outcome: "fired", activationId: expect.any(String) });
  const preview = (query: string) => ask("GET", `schedules/preview?${query}`, { key });
  expect((await preview("feed=interval&minutes=10")).json.next).toHaveLength(5);
  expect((await preview("feed=once&date=2001-01-01")).json.error).toContain("must be in the future");
  for (const query of [
    "",
    "feed=none",
    "feed=alarm",
    "feed=alarm&cron=*+*+*+*+*&cronn=1",
    `feed=alarm&cron=${"1".repeat(300)}`,
  ])
    expect((await preview(query)).status).toBe(400);
  const others = await tenant();
  expect((await ask("GET", `/api/v1/namespaces/${others.namespace}/triggers/soon/schedule`, { key })).status).toBe(403);
});
