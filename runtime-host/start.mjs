// `npm start`: runs on the Node that is there (20 or newer) with nothing installed yet. It installs what is missing,
// then runs the one-machine mode (or, as `start.mjs images`, the image builder) on the Node the lockfile names, and
// ends with it. `start.mjs setup` only installs, what development needs included.

import { ensureInstalled, runPinned } from "./program/launch.mjs";

const [first, ...rest] = process.argv.slice(2);
const [entry, args] =
  first === "images"
    ? ["runtime-host/cli/edgewhisk.ts", ["images", ...rest]]
    : ["runtime-host/standalone.ts", process.argv.slice(2)];

const install = await ensureInstalled({ dev: first === "setup" });
if (install.code !== 0 || first === "setup") process.exit(install.code);
runPinned(entry, args);
