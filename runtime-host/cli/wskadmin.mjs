#!/usr/bin/env node
// OpenWhisk's `wskadmin` on whatever Node there is: installs what is missing and hands over to `edgewhisk wskadmin`.

import { ensureInstalled, runPinned } from "../program/launch.mjs";

const install = await ensureInstalled();
if (install.code !== 0) process.exit(install.code);
runPinned("runtime-host/cli/edgewhisk.ts", ["wskadmin", ...process.argv.slice(2)]);
