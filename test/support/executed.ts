// Which modules have a function that ran, in the whole platform: a copy of the product that notes each function's file
// when it is entered, started as `npm start` starts the original. What runs inside the containers is not looked at.

import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, ready, treeOf } from "./platform.ts";
import { functionBodies } from "./syntax.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const PRODUCT = /^(src|durable-objects|runtime-host)\/(?!runtimes\/)/;
/** Beside the code: what a start reads. */
const BESIDE = ["package.json", "package-lock.json", "wrangler.toml", "runtime-host", "src", "durable-objects"];
const NOTED = "(globalThis.functionsRan ??= new Set())";
const DOOR = "/functions-ran";
/** ms within which a platform must serve, and a host must have written its notes. */
const PATIENCE_MS = 100_000;

export interface WatchedPlatform {
  url: string;
  /** The copy, as a clone in which `npm start` has been run: its state is in `.edgewhisk`. */
  folder: string;
  /** Paths from the root of all modules of which a function has run since this was asked last, sorted. */
  executed(): Promise<string[]>;
  stop(): Promise<void>;
}

/** A platform on the process engine. `flags`: further ones.
 * Rejects with all it has printed if it does not serve in time. */
export async function startWatchedPlatform(flags: string[] = []): Promise<WatchedPlatform> {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-watched-"));
  const notes = join(folder, "notes.json");
  makeCopy(folder);
  const port = await freePort();
  const args = [join(folder, "runtime-host/standalone.ts"), "--port", String(port), "--engine", "process", ...flags];
  const child = spawn(join(ROOT, "node_modules/.bin/node"), args, {
    cwd: folder,
    env: { ...process.env, FUNCTIONS_RAN: notes },
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  child.channel?.unref();
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  for (let waited = 0; !(/^ {2}serving /m.test(output) && (await ready(url))); waited += 100) {
    if (child.exitCode !== null || waited > PATIENCE_MS) {
      await stop();
      throw new Error(`the watched platform does not serve:\n${output}`);
    }
    await sleep(100);
  }
  return {
    url,
    folder,
    stop,
    async executed() {
      const inWorker = (await (await fetch(url + DOOR)).json()) as string[];
      return [...new Set([...inWorker, ...(await inHost(child.pid ?? 0, notes))])].sort();
    },
  };
}

function makeCopy(folder: string): void {
  for (const name of BESIDE) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const [file, { text, bodies }] of functionBodies()) {
    if (!PRODUCT.test(file)) continue;
    const note = `${NOTED}.add(${JSON.stringify(file)})`;
    const inserts = bodies.flatMap(({ start, end, block }) =>
      block
        ? [{ at: start + 1, text: ` ${note};` }]
        : [
            { at: start, text: `(${note}, ` },
            { at: end, text: ")" },
          ],
    );
    let noted = text;
    // From the end, so that places stay; what ends at a place is closed before what begins there is opened.
    for (const insert of inserts.toSorted((one, other) => other.at - one.at || one.text.length - other.text.length)) {
      noted = noted.slice(0, insert.at) + insert.text + noted.slice(insert.at);
    }
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), noted);
  }
  giveDoors(folder);
}

/** The Worker tells its notes over HTTP, the host writes them at a signal; both begin anew. */
function giveDoors(folder: string): void {
  const index = join(folder, "src/index.ts");
  const fetching = "fetch: (request, env, context) =>";
  const worker = readFileSync(index, "utf8");
  if (!worker.includes(fetching)) throw new Error(`src/index.ts has no "${fetching}" to stand in`);
  const door = `${fetching}
    new URL(request.url).pathname === "${DOOR}" ? tellRan() :`;
  const telling = `
function tellRan() {
  const ran = [...${NOTED}];
  ${NOTED}.clear();
  return Response.json(ran);
}
`;
  writeFileSync(index, worker.replace(fetching, door) + telling);
  const main = join(folder, "runtime-host/main.ts");
  const onSignal = `process.on("SIGUSR2", () => {
  process.getBuiltinModule("node:fs").writeFileSync(process.env.FUNCTIONS_RAN, JSON.stringify([...${NOTED}]), { flush: true });
  ${NOTED}.clear();
});
`;
  writeFileSync(main, onSignal + readFileSync(main, "utf8"));
}

async function inHost(root: number, notes: string): Promise<string[]> {
  const [host] = treeOf(root).host;
  if (host === undefined) throw new Error("the watched platform has no runtime host");
  rmSync(notes, { force: true });
  process.kill(host, "SIGUSR2");
  for (let waited = 0; waited < PATIENCE_MS; waited += 20) {
    const text = existsSync(notes) ? readFileSync(notes, "utf8") : "";
    if (text.endsWith("]")) return JSON.parse(text) as string[];
    await sleep(20);
  }
  throw new Error("the watched runtime host writes no notes");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  await gone;
  clearTimeout(timer);
}
