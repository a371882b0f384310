// A real Chromium for the console's tests: Debian's, without a window, and with nobody to talk to but us.

import { existsSync } from "node:fs";
import { type BrowserServer, chromium } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Throws where there is none. `CHROMIUM` names another. */
export async function launchBrowser(): Promise<BrowserServer> {
  const executablePath = process.env.CHROMIUM ?? PATHS.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error("no Chromium: apt-get install chromium, or name one in CHROMIUM");
  return chromium.launchServer({
    executablePath,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
    timeout: 120_000,
  });
}
