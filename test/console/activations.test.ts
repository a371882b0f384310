// Activations in a real browser: the list that is live, its filters, one of them explained, compared and run again.

import { expect, it } from "vitest";
import { ask, code, fresh, make, recordOf, useApi } from "../conformance/suite.ts";
import { expectAccessible, HOSTILE, openAsTenant, useBrowser } from "./open.ts";

await useApi();
useBrowser();

it("are listed as they end, filtered, shown with result, log and what became of them, compared, and run again", async () => {
  const name = fresh("worker");
  const source = `function main({ fail }) {
    console.log("log", ${JSON.stringify(HOSTILE)});
    if (fail) return { error: ${JSON.stringify(HOSTILE)} };
    return { big: 1, text: ${JSON.stringify(HOSTILE)} };
  }`;
  await make(`actions/${name}`, code(source));
  const page = await openAsTenant({ path: `#/activations?name=${name}` });
  await page.getByText("No activation is like that").waitFor();
  const start = async (body: object) => (await ask("POST", `actions/${name}`, { body })).json.activationId as string;
  const failed = await start({ fail: true });
  await recordOf(failed);
  await page.getByRole("row").filter({ hasText: failed }).getByText("application error").waitFor();
  const good = await start({});
  await recordOf(good);
  await page.getByRole("row").filter({ hasText: good }).getByText("success").waitFor();
  await expectAccessible(page);
  await page.getByLabel("Ended as").selectOption("success");
  await page.getByRole("row").filter({ hasText: failed }).waitFor({ state: "hidden" });
  await page.getByRole("row").filter({ hasText: good }).getByRole("link").click();

  await page.getByRole("heading", { name, level: 1 }).waitFor();
  await page.getByRole("img", { name: /^Took/ }).waitFor();
  await page.getByRole("region", { name: "Log" }).getByText("globalThis.hacked").waitFor();
  await expectAccessible(page);
  await page.getByLabel("Compare with another activation").fill(failed);
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByRole("region", { name: "The other activation" }).getByText("application error").first().waitFor();
  await expectAccessible(page);
  const again = page.getByRole("region", { name: "Run again" });
  await again.getByLabel("Input").fill('{ "fail": true, "n": 18446744073709551616 }');
  await again.getByRole("button", { name: "Run with this input" }).click();
  await again.getByText("The input of this run, as it was sent from this tab.").waitFor();
  expect(await again.getByLabel("Input").inputValue()).toContain("18446744073709551616");
  await again.getByRole("button", { name: "Run with the same input" }).waitFor();
});
