// `npm run dev`: the same platform with the Worker under `wrangler dev`, which builds it anew at each change of a file.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { keepRunning } from "./child.ts";
import { urlOf } from "./config.ts";
import { startDevConsole } from "./dev-console.ts";
import { type Edge, type EdgeOptions, startEdge } from "./edge.ts";
import { StartFailure } from "./failure.ts";

/** How long (ms) wrangler may take to answer. */
const MAX_WAIT_MS = 60_000;
const MAX_END_MS = 3_000;

/** Throws StartFailure if wrangler does not come to serve. */
export async function startDevEdge(options: EdgeOptions): Promise<Edge> {
  // wrangler serves the same database files, but does not migrate them.
  const once = await startEdge({ ...options, host: "127.0.0.1", port: 0, consolePort: null });
  await once.close();
  const { host, port, consolePort, anyConsolePort: anyPort } = options;
  const devConsole =
    consolePort === null ? null : await startDevConsole({ host, port: consolePort, anyPort, to: { host, port } });

  const hosts = devConsole === null ? {} : { CONSOLE_HOST: devConsole.hosts };
  const secrets = join(options.state, "dev.vars");
  const lines = Object.entries({ ...options.vars, ...hosts }).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(secrets, lines.join(""), { mode: 0o600 });
  const wrangler = join(
    dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
    "wrangler-dist/cli.js",
  );
  const child = keepRunning({
    command: process.execPath,
    args: [
      ...["--no-warnings", wrangler, "dev", "--cwd", options.root, "--persist-to", options.state],
      ...["--ip", options.host, "--port", String(options.port), "--inspector-port", "0", "--env-file", secrets],
      ...["--show-interactive-dev-session", "false", "--log-level", "log"],
    ],
    env: {
      ...(process.env as Record<string, string>),
      WRANGLER_SEND_METRICS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
    },
    onStart: options.onRestart,
    onLine: (line) => line.trim() !== "" && options.log(`wrangler: ${line}`),
    onEnd: (how, pause) => options.log(`wrangler dev ended (${how}); starting it again in ${pause} ms`),
  });
  const url = urlOf(options.host, options.port);
  const close = async () => {
    await devConsole?.close();
    await child.stop(MAX_END_MS);
  };
  const deadline = performance.now() + MAX_WAIT_MS;
  while (!(await answers(url))) {
    if (performance.now() > deadline) {
      await close();
      throw new StartFailure(
        `wrangler dev did not serve ${url} within ${MAX_WAIT_MS / 1000} s; its own lines stand above.`,
      );
    }
    await sleep(200);
  }
  return {
    port,
    consolePort: devConsole?.port ?? null,
    crons: once.crons,
    async tick(cron) {
      const path = `/cdn-cgi/local/scheduled?cron=${encodeURIComponent(cron)}`;
      const answer = await fetch(url + path, { signal: AbortSignal.timeout(MAX_WAIT_MS) });
      if (!answer.ok) throw new Error(`wrangler dev answered ${answer.status} to ${path}`);
    },
    close,
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ping`, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false;
  }
}
