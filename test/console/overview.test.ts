// The overview in a real browser: charts of what ended, drawn under the page's policy.

import { expect, it } from "vitest";
import { ask, code, fresh, recordOf, tenant, useApi } from "../conformance/suite.ts";
import { expectAccessible, openAsTenant, useBrowser } from "./open.ts";

await useApi();
useBrowser();

it("teaches where nothing has run, and shows rates, errors and durations as soon as something has", async () => {
  const { key } = await tenant();
  const page = await openAsTenant({ path: "#/overview" }, key);
  await page.getByText("Nothing has run in this time").waitFor();
  await expectAccessible(page);
  const name = fresh("counted");
  const body = code("function main({ fail }) { return fail ? { error: 'no' } : {}; }");
  expect((await ask("PUT", `actions/${name}`, { key, body })).status).toBe(200);
  for (const fail of [true, false, false, false]) {
    const { json } = await ask("POST", `actions/${name}`, { key, body: { fail } });
    await recordOf(json.activationId, key);
  }
  await page.getByText("1 (25 %)").waitFor();
  await page.getByRole("img", { name: "Activations: 4, of which 1 ended with an error" }).waitFor();
  await expect.poll(() => page.locator(".chart canvas").count()).toBe(3);
  await page.getByRole("link", { name }).waitFor();
  await expectAccessible(page);
  await page.getByLabel("Span").selectOption("hour");
  await page.getByText("1 (25 %)").waitFor();
});
