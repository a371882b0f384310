// Functions in a real browser: the whole story of a newcomer, two tabs at once, what is hostile or large.

import { expect, it } from "vitest";
import { apiUrl, ask, code, fresh, key, make, namespace, pair, useApi } from "../conformance/suite.ts";
import {
  expectAccessible,
  expectFits,
  HOSTILE,
  openAsTenant,
  openPage,
  typeByKeys,
  typeCode,
  useBrowser,
} from "./open.ts";

await useApi();
useBrowser();

it("tell a newcomer's whole story: signed in, made, run with their log, broken, found, mended, scheduled, deleted", async () => {
  const name = fresh("first");
  const page = await openPage();
  await page.getByLabel("Key", { exact: true }).fill(key(1));
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Functions", exact: true }).click();
  await page.getByRole("button", { name: "Create a function" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Something that takes a while").check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  const editor = page.getByRole("textbox", { name: "Code" });
  await editor.waitFor();
  const run = page.getByRole("region", { name: "Run" });
  await run.getByLabel("Input").fill('{ "steps": 12 ');
  await run.getByText("The input is not JSON").waitFor();
  await run.getByLabel("Input").fill('{ "steps": 12 }');
  await run.getByRole("button", { name: "Run", exact: true }).click();
  // A line is there while the function still runs.
  await run.getByText("step 1 of 12").waitFor();
  expect(await run.getByText("Not yet.").isVisible()).toBe(true);
  await run.getByText('"steps": 12').last().waitFor();
  await run.getByText("step 12 of 12").waitFor();
  await run.getByText("success", { exact: true }).waitFor();
  await expectAccessible(page);

  // It breaks: typed at the keyboard, saved and run by keys.
  await typeByKeys(editor, "function main() { console.log('before it breaks'); return nothing.at.all; }");
  expect(await editor.textContent()).toBe(
    "function main() { console.log('before it breaks'); return nothing.at.all; }",
  );
  await page.getByText("Not saved yet.").waitFor();
  await page.keyboard.press("Control+Enter");
  await run.getByText("before it breaks").waitFor();
  await page.getByText("Version 0.0.2").waitFor();
  // Where the error is: from the list of what has run to the record of what failed.
  await page.getByRole("link", { name: "Activations", exact: true }).click();
  await page.getByLabel("Ended as").selectOption("developer_error");
  await page.getByRole("row").filter({ hasText: name }).getByRole("link").first().click();
  await page.getByText("nothing is not defined").first().waitFor();
  await page.getByRole("region", { name: "Log" }).getByText("before it breaks").waitFor();
  await page.getByRole("link", { name, exact: true }).click();

  await typeByKeys(editor, "function main() { return { mended: true };");
  // The bracket that was closed by itself goes.
  await page.keyboard.press("Delete");
  await page.locator(".cm-lint-marker-error").first().waitFor();
  await page.keyboard.type(" }");
  await page.locator(".cm-lint-marker-error").waitFor({ state: "detached" });
  await page.keyboard.press("Control+s");
  await page.getByText("Version 0.0.3").waitFor();
  await run.getByRole("button", { name: "Run", exact: true }).click();
  await run.getByText('"mended": true').waitFor();

  await page.getByText("Parameters (0)").click();
  await page.getByRole("button", { name: "Add a parameter" }).click();
  const parameter = page.locator(".parameter");
  await parameter.getByLabel("Name").fill("colour");
  await parameter.getByLabel("Value").fill("blue");
  await page.getByRole("button", { name: "Save parameters" }).click();
  await page.getByText("Parameters (1)").waitFor();
  const stored = await ask("GET", `actions/${name}`);
  expect(stored.json.parameters).toEqual([{ key: "colour", value: "blue" }]);

  await page.getByRole("link", { name: "Schedule it" }).click();
  await page.getByLabel("For instance").selectOption({ label: "every 5 minutes" });
  await expect.poll(() => page.locator(".preview time").count()).toBe(5);
  await page.getByRole("button", { name: "Create schedule" }).click();
  await page.getByRole("heading", { name: `${name}-by-clock`, level: 1 }).waitFor();
  await page.locator(".runs time").first().waitFor();
  await page.getByRole("button", { name: "Fire now" }).click();
  await page.getByRole("link", { name: "what it started" }).waitFor();
  await page.getByRole("link", { name: "Activations", exact: true }).click();
  await expect.poll(() => page.getByRole("row").filter({ hasText: "success" }).count()).toBeGreaterThan(2);
  await page.getByRole("link", { name: "Schedules", exact: true }).click();
  await page.getByRole("link", { name: `${name}-by-clock` }).click();
  await page.getByRole("button", { name: /^Delete the schedule/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "No schedules yet" }).waitFor();

  await page.getByRole("link", { name: "Functions", exact: true }).click();
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("button", { name: "Delete for good" }).click();
  await page.getByRole("heading", { name: "Functions", exact: true }).waitFor();
  expect((await ask("GET", `actions/${name}`)).status).toBe(404);
});

it("that two tabs edit at once lose neither's text, and nothing is written over unasked", async () => {
  const name = fresh("shared");
  await make(`actions/${name}`, code("// first\nfunction main() {}"));
  const one = await openAsTenant({ path: `#/functions/${name}` });
  await typeCode(one.getByRole("textbox", { name: "Code" }), "// from one tab\nfunction main() {}");
  const other = await one.context().newPage();
  await other.goto(one.url());
  await other.getByLabel("Key", { exact: true }).fill(key(1));
  await other.getByRole("button", { name: "Sign in" }).click();
  await typeCode(other.getByRole("textbox", { name: "Code" }), "// from the other\nfunction main() {}");
  await other.getByRole("button", { name: "Save", exact: true }).click();
  await other.getByText("Version 0.0.2").waitFor();
  await one.getByRole("button", { name: "Save", exact: true }).click();
  const conflict = one.getByRole("region", { name: "Conflict" });
  await conflict.waitFor();
  await one.getByText("// from the other").waitFor();
  await one.getByText("// from one tab").waitFor();
  await expectAccessible(one);
  expect((await ask("GET", `actions/${name}`)).json.exec.code).toContain("from the other");
  await conflict.getByRole("button", { name: "Save mine over theirs" }).click();
  await conflict.waitFor({ state: "hidden" });
  await one.getByText("Version 0.0.3").waitFor();
  expect((await ask("GET", `actions/${name}`)).json.exec.code).toContain("from one tab");
});

it("show whatever is in them as text, and what is long in parts", async () => {
  const name = fresh("hostile");
  const source = `function main() {
    console.log(${JSON.stringify(HOSTILE)});
    console.error(${JSON.stringify(HOSTILE)});
    return { markup: ${JSON.stringify(HOSTILE)}, long: "y".repeat(900000), exact: 1 };
  }`;
  await make(`actions/${name}`, {
    ...code(`// ${HOSTILE.replaceAll("\n", " ")}\n${source}`),
    parameters: [pair(HOSTILE, HOSTILE)],
    annotations: [pair("description", HOSTILE)],
  });
  const page = await openAsTenant({ path: `#/functions/${name}`, width: 390, colours: "dark" });
  const run = page.getByRole("region", { name: "Run" });
  await run.getByRole("button", { name: "Run", exact: true }).click();
  await run.getByText("globalThis.hacked").first().waitFor();
  await run.getByRole("button", { name: "Show 97.7 KB more" }).waitFor();
  await page.getByText("Parameters (1)").click();
  await page.locator(".parameter").waitFor();
  await expectFits(page);
  await expectAccessible(page);
});

it("show a log of 10 MB and a result of 1 MB in parts, stay of use meanwhile, and give all of both as files", async () => {
  const name = fresh("large");
  const source = `function main() {
    const line = "x".repeat(990);
    for (let n = 0; n < 10_400; n++) console.log(String(n).padStart(6, "0"), line);
    return { long: "y".repeat(1_040_000) };
  }`;
  await make(`actions/${name}`, { ...code(source), limits: { logs: 10, timeout: 120_000 } });
  const page = await openAsTenant({ path: `#/functions/${name}` });
  const run = page.getByRole("region", { name: "Run" });
  await run.getByRole("button", { name: "Run", exact: true }).click();
  const lines = run.locator(".log .line");
  await run.getByText("success", { exact: true }).waitFor();
  await run.getByRole("button", { name: "Show 500 of them" }).waitFor();
  expect(await lines.count()).toBe(500);
  await run.getByRole("button", { name: "Show 500 of them" }).click();
  await expect.poll(() => lines.count()).toBe(1_000);
  const result = (await run.getByRole("region", { name: "Result" }).textContent()) ?? "";
  expect(result.length).toBe(100_000);
  // What is typed is there: nothing of it waits for what is large.
  await run.getByLabel("Input").fill('{ "typed": true }');
  expect(await run.getByLabel("Input").inputValue()).toBe('{ "typed": true }');
  const fileOf = async (button: string) => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      run.getByRole("button", { name: button, exact: true }).click(),
    ]);
    const parts: Buffer[] = [];
    for await (const part of await download.createReadStream()) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  };
  const log = await fileOf("Download all");
  expect(log.length).toBeGreaterThan(9_900_000);
  expect(log).toContain("000000 xxx");
  expect((await fileOf("Download")).length).toBeGreaterThan(1_040_000);
  await expectAccessible(page);
});

it("of a web action's page cannot be reached, read, framed or opened from a page that a tenant serves", async () => {
  const attack = fresh("attack");
  const page = await openAsTenant();
  const html = `<!doctype html><title>attack</title><body><script type="module">
    const target = "${new URL(page.url()).origin}";
    const told = {};
    told.read = await fetch(target + "/").then(() => "read", () => "refused");
    told.api = await fetch(target + "/api/v1").then(() => "read", () => "refused");
    told.own = JSON.stringify({ ...sessionStorage });
    const opened = open(target + "/");
    const looked = () => {
      try { return opened === null || opened.closed ? "cut off" : opened.document.URL === "about:blank" ? null : "read"; } catch { return "refused"; }
    };
    while ((told.opened = looked()) === null) await new Promise((done) => setTimeout(done, 20));
    const frame = document.createElement("iframe");
    frame.src = target + "/";
    const loaded = new Promise((done) => { frame.onload = done; });
    document.body.append(frame);
    await loaded;
    try { told.frame = frame.contentDocument === null ? "refused" : "blank " + frame.contentDocument.body.textContent; } catch { told.frame = "refused"; }
    document.title = JSON.stringify(told);
  </script>`;
  await make(`actions/${attack}`, {
    ...code(
      `function main() { return { headers: { "content-type": "text/html", "Service-Worker-Allowed": "/", "Clear-Site-Data": '"*"' }, body: ${JSON.stringify(html)} }; }`,
    ),
    annotations: [pair("web-export", true)],
  });
  const address = `${apiUrl()}/api/v1/web/${namespace(1)}/default/${attack}`;
  const served = await fetch(address);
  expect([served.headers.get("service-worker-allowed"), served.headers.get("clear-site-data")]).toEqual([null, null]);
  const attacker = await page.context().newPage();
  await attacker.goto(address);
  await attacker.waitForFunction(`document.title.startsWith("{")`);
  expect(JSON.parse(await attacker.title())).toEqual({
    ...{ read: "refused", api: "refused", own: "{}", frame: "refused" },
    opened: expect.stringMatching(/^(cut off|refused)$/),
  });
  expect(await page.evaluate(`sessionStorage.getItem("edgewhisk.key")`)).toBe(key(1));
});
