// `npm run bench`: installs what is missing, then measures. Options: --help.

import { ensureInstalled, runPinned } from "../../runtime-host/program/launch.mjs";

const install = await ensureInstalled({ dev: true });
if (install.code !== 0) process.exit(install.code);
const [first, ...rest] = process.argv.slice(2);
if (first === "records") runPinned("test/bench/records.ts", rest);
else runPinned("test/bench/bench.ts", process.argv.slice(2));
