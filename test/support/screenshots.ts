// The README's pictures of the console, taken of the running product: `npm run docs:screenshots` writes them. It starts
// a platform of its own, makes and calls some functions as a newcomer would,
// and looks at what the console shows of them.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { launchBrowser } from "./browser.ts";
import { basic, freePort, GUEST, startPlatform } from "./platform.ts";

const FOLDER = fileURLToPath(new URL("../../src/console/pictures/", import.meta.url));
const SIZE = { width: 1280, height: 800 };
const CODE = `/** Counts the words of a text. */
function main({ words = '' }) {
  const counts = {};
  for (const word of words.toLowerCase().split(/\\W+/).filter(Boolean)) {
    counts[word] = (counts[word] ?? 0) + 1;
  }
  console.log('words:', Object.keys(counts).length);
  return { counts };
}
`;
const WORDS = { words: "the quick brown fox jumps over the lazy dog" };
const BROKEN = "function main({ order }) {\n  return { total: order.items.length };\n}\n";

const consolePort = await freePort();
const address = `http://127.0.0.1:${consolePort}`;
const platform = await startPlatform({
  engine: "process",
  env: { EDGEWHISK_CONSOLE_PORT: String(consolePort) },
});
const server = await launchBrowser();
try {
  await fill();
  const browser = await chromium.connect(server.wsEndpoint());
  mkdirSync(FOLDER, { recursive: true });
  const page = await browser.newPage({ viewport: SIZE, colorScheme: "light", reducedMotion: "reduce" });
  await page.goto(address);
  await page.getByLabel("Key", { exact: true }).fill(GUEST);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#menu").waitFor({ state: "attached" });
  await take(page);
  await browser.close();
} finally {
  await server.close();
  await platform.stop();
}

/** What is looked at, and what must be seen before the picture is taken. */
async function take(page: Page): Promise<void> {
  const picture = async (name: string, path: string, ready: () => Promise<unknown>) => {
    await page.goto(`${address}/${path}`);
    await ready();
    await page.screenshot({ path: `${FOLDER}${name}.png` });
  };
  await picture("function", "#/functions/count-words", async () => {
    await page.locator(".cm-content").waitFor();
    await page.getByLabel("Input").fill(JSON.stringify(WORDS));
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("words: 8").waitFor();
  });
  await picture("overview", "#/overview", () => page.locator("canvas").first().waitFor());
}

async function fill(): Promise<void> {
  await put("actions/count-words", { exec: { kind: "nodejs:default", code: CODE } });
  await put("actions/order-total", { exec: { kind: "nodejs:default", code: BROKEN } });
  await put("actions/greet", {
    exec: { kind: "nodejs:default", code: "function main() { return { greeting: 'hello' }; }" },
  });
  await put("actions/report", { exec: { kind: "sequence", components: ["/_/greet", "/_/count-words"] } });
  for (let round = 0; round < 12; round++) {
    await call("actions/count-words?blocking=true", WORDS);
    if (round % 4 === 0) await call("actions/order-total?blocking=true", {});
    if (round % 3 === 0) await call("actions/report?blocking=true", {});
  }
}

async function put(path: string, body: object): Promise<void> {
  await send("PUT", `${path}?overwrite=true`, body);
}

async function call(path: string, body: object): Promise<void> {
  await send("POST", path, body);
}

async function send(method: string, path: string, body: object): Promise<void> {
  const answer = await fetch(`${platform.url}/api/v1/namespaces/_/${path}`, {
    method,
    headers: { Authorization: basic(GUEST), "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.status >= 500 && answer.status !== 502) throw new Error(`${method} ${path}: ${await answer.text()}`);
}
