// Starts a platform as tests do and then waits for ever: for being killed. Prints the processes it has started.

import { startPlatform } from "./platform.ts";

const platform = await startPlatform({ engine: "process", state: process.argv[2] ?? "" });
process.stdout.write(`${JSON.stringify(platform.pids().all)}\n`);
setInterval(() => undefined, 60_000);
