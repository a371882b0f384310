// The runtime host as a program: arguments, signals, exit codes. One JSON line on stdout when it is ready; everything
// else is structured lines on stderr.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type HostConfig, parseHostConfig } from "./config.ts";
import { type Host, startHost } from "./host.ts";
import { collectWhenIdle } from "./machine/idle-collection.ts";
import { openContainers } from "./pool/open.ts";
import { buildOf } from "./program/build.ts";
import { createLogger, reasonOf } from "./program/logger.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** ms a host whose parent is gone may take to remove its containers. */
const ABORT_PATIENCE_MS = 4_000;

async function main(config: HostConfig): Promise<void> {
  const log = createLogger({
    level: config.logLevel,
    fields: { host: config.name },
    secrets: [config.token, config.metrics?.token ?? ""],
  });
  let host: Host | null = null;
  let ending = false;
  let unwanted = false;

  const drain = (signal: string) => {
    if (ending) return abort(`a second ${signal}`, 130);
    ending = true;
    log.info("host.signal", { signal });
    if (host !== null) leave(host);
  };
  const refused = (reason: string) => {
    log.error("host.refused", { reason });
    unwanted = true;
    if (ending) return;
    ending = true;
    if (host !== null) leave(host);
  };
  const leave = (running: Host) => {
    running.drain().then(
      () => process.exit(unwanted ? 1 : 0),
      (error: unknown) => {
        log.error("host.end-failed", { reason: reasonOf(error) });
        process.exit(1);
      },
    );
  };
  const abort = (reason: string, code: number) => {
    ending = true;
    log.error("host.abort", { reason });
    setTimeout(() => process.exit(code), ABORT_PATIENCE_MS);
    void (host?.abort() ?? Promise.resolve()).catch(() => undefined).then(() => process.exit(code));
  };

  process.on("SIGTERM", () => drain("SIGTERM"));
  process.on("SIGINT", () => drain("SIGINT"));
  process.on("uncaughtException", (error) => abort(error.stack ?? error.message, 70));
  process.on("unhandledRejection", (error) => abort(error instanceof Error ? (error.stack ?? "") : String(error), 70));
  const gone = () => abort("the parent has gone", 1);
  // Only a launcher or the one-machine mode opens this channel, and neither leaves it before its end.
  process.on("disconnect", gone);
  if (config.dieWithParent) {
    process.stdin.on("end", gone).on("error", gone).resume();
  }

  try {
    host = await startHost(config, {
      openContainers,
      log,
      refused,
      ready: (facts) => process.stdout.write(`${JSON.stringify({ event: "ready", pid: process.pid, ...facts })}\n`),
    });
  } catch (error) {
    log.error("host.start-failed", { reason: reasonOf(error) });
    process.exit(1);
  }
  collectWhenIdle();
  // A signal that came while starting: what was opened is closed in order.
  if (ending) leave(host);
}

const parsed = parseHostConfig(process.argv.slice(2), process.env);
if (parsed.kind === "help") process.stdout.write(parsed.text);
else if (parsed.kind === "error") {
  process.stderr.write(`edgewhisk host: ${parsed.message}\n`);
  process.exitCode = 2;
} else {
  const { config } = parsed;
  await main(config.build === "" ? { ...config, build: await buildOf(ROOT) } : config);
}
