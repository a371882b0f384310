// The whole platform on one machine, in one process tree: `npm start`. Reads the configuration, serves,
// and ends in order.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { collectWhenIdle } from "./machine/idle-collection.ts";
import { versionOf } from "./program/build.ts";
import { exitWith } from "./program/exit.ts";
import { parseConfig } from "./standalone/config.ts";
import { StartFailure } from "./standalone/failure.ts";
import { greeting, greetingObject } from "./standalone/greeting.ts";
import { serve } from "./standalone/serve.ts";

/** A clean end takes at most this long (ms). */
const MAX_END_MS = 9_000;

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

function say(line: string): void {
  process.stderr.write(`edgewhisk: ${line}\n`);
}

async function main(): Promise<void> {
  // The terminal may be gone before we are.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

  const parsed = parseConfig(process.argv.slice(2), process.env);
  if (parsed.kind === "help") return void process.stdout.write(parsed.text);
  if (parsed.kind === "version") return void process.stdout.write(`edgewhisk ${versionOf(ROOT)}\n`);
  if (parsed.kind === "error") {
    say(parsed.message);
    process.exitCode = 2;
    return;
  }

  let endingSince: number | null = null;
  const running = serve(parsed.config, { root: ROOT, log: say, onGone: (reason) => end(1, `giving up: ${reason}`) });

  function end(code: number, why: string): void {
    if (endingSince !== null) return;
    endingSince = Date.now();
    say(why);
    const late = setTimeout(() => {
      say("some parts did not end in time and were killed");
      exitWith(1);
    }, MAX_END_MS);
    void running.stop().then(() => {
      clearTimeout(late);
      exitWith(code);
    });
  }

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // Asked again: the reaper ends what is left. The same wish may come twice at once,
      // from a terminal and through npm.
      if (endingSince !== null && Date.now() - endingSince > 1_000) exitWith(130);
      end(0, "stopping …");
    });
  }
  // The launcher was killed: whoever did that wants everything gone now, and the reaper sees to it.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

  try {
    const serving = await running.serving;
    // From here on this process mostly waits: its garbage is collected early rather than kept in memory.
    setFlagsFromString("--optimize-for-size");
    collectWhenIdle();
    process.stdout.write(parsed.json ? `${JSON.stringify(greetingObject(serving))}\n` : greeting(serving));
  } catch (error) {
    if (error instanceof StartFailure) end(1, error.message);
    else end(1, `unexpected: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

await main();
