#!/usr/bin/env node
// The `edgewhisk` command on whatever Node there is: installs what is missing and hands over to edgewhisk.ts.

import { ensureInstalled, runPinned } from "../program/launch.mjs";

const install = await ensureInstalled();
if (install.code !== 0) process.exit(install.code);
runPinned("runtime-host/cli/edgewhisk.ts", process.argv.slice(2));
