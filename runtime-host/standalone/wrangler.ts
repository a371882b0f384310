// What is asked of wrangler's own code, in a process that ends when nobody has asked for a second: wrangler's code is
// half of a start and a third of the launcher's memory, and it is needed on the first start and after a change only.

import { type ChildProcess, fork } from "node:child_process";
import type { WranglerAnswer, WranglerQuestion } from "./wrangler-process.ts";

const PROGRAM = new URL("./wrangler-process.ts", import.meta.url);
/** ms */
const IDLE_MS = 1_000;

interface Asked {
  resolve(value: unknown): void;
  reject(cause: Error): void;
}

interface Open {
  child: ChildProcess;
  asked: Asked[];
  idle?: NodeJS.Timeout;
}

let open: Open | undefined;

/** The Worker's options as Miniflare takes them, from this wrangler.toml and what lies beside it. */
export async function workerOptionsOf(config: string): Promise<Record<string, unknown>> {
  return (await ask({ what: "worker options", config })) as Record<string, unknown>;
}

/** The statements of an SQL script, each for itself. */
export async function statementsOf(sql: string): Promise<string[]> {
  return (await ask({ what: "statements", sql })) as string[];
}

/** Answers come in the order of the questions. */
function ask(question: WranglerQuestion): Promise<unknown> {
  open ??= start();
  const { child, asked, idle } = open;
  clearTimeout(idle);
  return new Promise((resolve, reject) => {
    asked.push({ resolve, reject });
    child.send(question);
  });
}

function start(): Open {
  // Its input and output are nobody's; the channel's end, when we end, ends it. No flags of ours: a test runner's would
  // not fit.
  const child = fork(PROGRAM, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const opened: Open = { child, asked: [] };
  const { asked } = opened;
  const letGo = () => {
    if (open === opened) open = undefined;
    if (child.connected) child.disconnect();
  };
  child.on("message", (answer: WranglerAnswer) => {
    const first = asked.shift();
    if ("error" in answer) first?.reject(new Error(answer.error));
    else first?.resolve(answer.value);
    if (asked.length === 0) opened.idle = setTimeout(letGo, IDLE_MS);
  });
  const failed = (how: string) => {
    clearTimeout(opened.idle);
    letGo();
    for (const each of asked.splice(0)) each.reject(new Error(`the process that asks wrangler ended: ${how}`));
  };
  child.once("error", (error) => failed(error.message));
  child.once("exit", (code, signal) => failed(signal ?? `exit code ${code}`));
  return opened;
}
