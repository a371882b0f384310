// `npm run bench`: installs what is missing, then measures. Options: --help.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "../../runtime-host/install.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
await ensureInstalled(root);
const node = join(root, "node_modules", ".bin", "node");
const child = spawn(node, [join(root, "test/bench/bench.ts"), ...process.argv.slice(2)], { stdio: "inherit" });
child.on("exit", (code) => process.exit(code ?? 1));
