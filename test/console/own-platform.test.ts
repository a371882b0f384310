// The console on a platform of its own, to which things happen: its host is really ill, is drained, has containers that
// wait; and all of it goes down and comes back.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { basic, freePort, GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { noSmallDisk, type SmallDisk, smallDisk } from "../support/small-disk.ts";
import { expectAccessible, openAsOperator, openAsTenant, useBrowser } from "./open.ts";

const MB = 1024 * 1024;
/** MB that the host wants free, and how much of the disk's room is left to it:
 * the platform itself still has what it needs. */
const WANTED = 24;
const LEFT = 20;

useBrowser();

describe.skipIf(noSmallDisk !== null)(`a platform of its own ${noSmallDisk ?? ""}`, () => {
  let disk: SmallDisk;
  let platform: Platform;
  let port = 0;
  const origin = () => `http://127.0.0.1:${port}`;
  const start = async (at?: number) =>
    startPlatform({
      ...{ engine: "process" as const, state: join(disk.folder, "state"), ...(at === undefined ? {} : { port: at }) },
      env: { EDGEWHISK_CONSOLE_PORT: String(port), EDGEWHISK_MIN_DISK: String(WANTED) },
    });
  const token = (): string => JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8")).adminToken;

  async function send(
    method: string,
    path: string,
    body: object,
  ): Promise<{ status: number; json: Record<string, unknown> }> {
    const answer = await fetch(`${platform.url}/api/v1/namespaces/_/${path}`, {
      method,
      headers: { authorization: basic(GUEST), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  }
  const put = (name: string) =>
    send("PUT", `actions/${name}?overwrite=true`, {
      exec: { kind: "nodejs:default", code: "function main() { return { ran: true }; }" },
    });

  beforeAll(async () => {
    disk = smallDisk(200);
    port = await freePort();
    platform = await start();
  });
  afterAll(async () => {
    await platform?.stop();
    disk?.remove();
  });

  it("shows a host's idle containers, drains it and lets it work again; calls wait meanwhile, and it says so", async () => {
    await put("warm");
    expect((await send("POST", "actions/warm?blocking=true&result=true", {})).json).toEqual({ ran: true });
    const page = await openAsOperator({ path: "#/hosts", origin: origin() }, token());
    await page.getByRole("row").filter({ hasText: " MB" }).getByRole("link").click();
    const idle = page.getByRole("region", { name: "Containers that wait for a call" });
    const row = idle.getByRole("row").filter({ hasText: "guest/warm" });
    await row.getByText("nodejs:").waitFor();
    await row.getByText(/s ago|min ago|just now/).waitFor();
    await expectAccessible(page);
    await page.getByRole("button", { name: /^Drain the host/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Drain", exact: true }).click();
    await page.getByText("draining", { exact: true }).waitFor();
    const { activationId } = (await send("POST", "actions/warm", {})).json;
    await page.getByRole("link", { name: "All hosts" }).click();
    const waits = page.getByRole("region", { name: "What waits" }).getByRole("row").filter({ hasText: "guest" });
    await waits.getByText("drain").waitFor();
    await expectAccessible(page);
    await page.getByRole("row").filter({ hasText: " MB" }).getByRole("link").click();
    await page.getByRole("button", { name: "Take work again" }).click();
    await page.getByText("up", { exact: true }).waitFor();
    const tenant = await openAsTenant({ path: `#/activations/${activationId}`, origin: origin() }, GUEST);
    await tenant.getByText('"ran": true').first().waitFor();
  });

  it("says why a host is ill, and enables it; it works again when the cause is gone", async () => {
    const page = await openAsOperator({ path: "#/hosts", origin: origin() }, token());
    const row = page.getByRole("row").filter({ hasText: " MB" });
    await row.getByText("up", { exact: true }).waitFor();
    disk.fill(LEFT * MB);
    await row.getByText("unhealthy", { exact: true }).waitFor();
    await row.getByText(/is full: \d+ MB are free, \d+ must be/).waitFor();
    await row.getByRole("link").click();
    await page.getByText("It works again by itself when that is over.").waitFor();
    await expectAccessible(page);
    const asked = page.waitForResponse((each) => each.url().endsWith("/enable"));
    await page.getByRole("button", { name: "Enable" }).click();
    expect((await asked).status()).toBe(200);
    // What it cannot do it does not say it can.
    await page.getByText("unhealthy", { exact: true }).waitFor();
    disk.empty();
    await page.getByText("up", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Enable" }).waitFor({ state: "detached" });
    expect((await send("POST", "actions/warm?blocking=true&result=true", {})).json).toEqual({ ran: true });
  });

  it("goes down and comes back: what is typed stays, what is asked goes on, and one is still signed in", async () => {
    await put("edited");
    const page = await openAsTenant({ path: "#/functions/edited", origin: origin() }, GUEST);
    const run = page.getByRole("region", { name: "Run" });
    await run.getByLabel("Input").fill('{ "half": "typed" }');
    const list = await openAsTenant({ path: "#/functions", origin: origin() }, GUEST);
    await list.getByRole("link", { name: "edited" }).waitFor();
    const { port: before } = platform;
    await platform.stop();
    await list.getByText("The platform does not answer.").first().waitFor();
    await run.getByRole("button", { name: "Run", exact: true }).click();
    await run.getByText("The platform does not answer.").waitFor();
    await expectAccessible(page);
    platform = await start(before);
    await put("new");
    await list.getByRole("link", { name: "new", exact: true }).waitFor();
    await list.getByText("The platform does not answer.").first().waitFor({ state: "hidden" });
    expect(await run.getByLabel("Input").inputValue()).toBe('{ "half": "typed" }');
    await run.getByRole("button", { name: "Run", exact: true }).click();
    await run.getByText('"ran": true').waitFor();
  });
});
