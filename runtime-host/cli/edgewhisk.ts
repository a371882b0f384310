// The `edgewhisk` command: picks the program and hands it the rest of the arguments. The programs read process.argv, so that
// they can be run without this one as well.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { versionOf } from "../program/build.ts";

const HELP = `Usage: edgewhisk <command> [options]

  start        the whole platform on this machine (the same as npm start)
  host         run actions here for a platform elsewhere
  bootstrap    first administration of a deployment: one namespace key, one host token
  reseal       after MASTER_SECRET was changed: seal all keys with the new one
  logs         the log of an activation, also while it runs
  images       build the action images of the runtimes shipped here
  contract     check any image against the action container contract

  --help       this text; edgewhisk <command> --help, or help <command>, for a command's own
  --version    the version
`;

async function main(): Promise<void> {
  let [command = "--help", ...rest] = process.argv.slice(2);
  // `help host` is `host --help`.
  if (command === "help") [command, rest] = rest[0] === undefined ? ["--help", []] : [rest[0], ["--help"]];
  process.argv.splice(2, process.argv.length, ...rest);
  switch (command) {
    case "start":
      await import("../standalone.ts");
      return;
    case "host":
      await import("../main.ts");
      return;
    case "bootstrap":
      process.exitCode = await (await import("./bootstrap.ts")).bootstrap(rest);
      break;
    case "reseal":
      process.exitCode = await (await import("./reseal.ts")).reseal(rest);
      break;
    case "logs":
      process.exitCode = await (await import("./logs.ts")).logs(rest);
      break;
    case "images":
      process.exitCode = await (await import("./images.ts")).images(rest);
      break;
    case "contract":
      process.exitCode = await (await import("./contract.ts")).contract(rest);
      break;
    case "--help":
    case "-h":
      process.stdout.write(HELP);
      break;
    case "--version":
      process.stdout.write(`edgewhisk ${versionOf(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))}\n`);
      break;
    default:
      process.stderr.write(`edgewhisk: ${command}: no such command; see edgewhisk --help.\n`);
      process.exitCode = 2;
  }
  // The launcher's channel would keep us alive.
  process.disconnect?.();
}

await main();
