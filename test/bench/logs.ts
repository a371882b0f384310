// What output costs: an action that prints 1 MB against the same action when it prints nothing. Calls with a rest
// between them say what a caller waits for; calls one after the other, what the machine can take in and store.

import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "undici";
import { load, type Sample, sampleOf, send } from "./load.ts";
import { createAction, invokeCall } from "./measures.ts";

export interface LogLine {
  letter: string;
  name: string;
  unit: "p50 ms" | "per s";
  run(): Promise<Sample>;
}

export const LOG_LETTER = "m";

/** ms between two calls: the record of the one before is stored by then. */
const REST = 100;
/** Lines the action has, of 1 KB. */
const ALL = 1024;
const RESTED_CALLS = 30;

/** 1,024 lines of 1 KB; the same work is done for them when they are not printed. */
const TALKERS = {
  "nodejs:default": `const lines = Array.from({ length: ${ALL} }, (_, n) => String(n).padEnd(1023, "log line "));
function main({ loud }) {
  let size = 0;
  for (const [n, line] of lines.entries()) {
    size += line.length + 1;
    if (n < loud) console.log(line);
  }
  return { size };
}`,
  "python:default": `lines = [str(n).ljust(1023, ".") for n in range(${ALL})]
def main(args):
    size = 0
    for n, line in enumerate(lines):
        size += len(line) + 1
        if n < args["loud"]:
            print(line)
    return {"size": size}
`,
  native: `#!/bin/sh
read -r argument
[ -f /tmp/lines ] || seq -f '%01023g' ${ALL} > /tmp/lines
case $argument in *:0*) cat /tmp/lines > /dev/null ;; *) cat /tmp/lines ;; esac
echo '{"size":${1024 * ALL}}'
`,
} as const;
type Kind = keyof typeof TALKERS;

export async function logLines(pool: Pool, ms: number): Promise<LogLine[]> {
  for (const kind of Object.keys(TALKERS) as Kind[]) {
    await createAction(pool, nameOf(kind), { kind, code: TALKERS[kind] });
    const { status, text } = await send(pool, callOf(ALL, kind)(0));
    if (status !== 200 || !text.includes('"size":1048576'))
      throw new Error(`the talker of ${kind} answered ${status}: ${text.slice(0, 300)}`);
  }
  const line = (name: string, unit: LogLine["unit"], run: LogLine["run"]): LogLine => ({
    letter: LOG_LETTER,
    name,
    unit,
    run,
  });
  const steadily = (lines: number, callers: number) => () => load(pool, callOf(lines), { callers, ms, status: 200 });
  const pairs = (Object.keys(TALKERS) as Kind[]).flatMap((kind) => [
    line(`a call that prints nothing, 100 ms after the last (${kind})`, "p50 ms", () => rested(pool, 0, kind)),
    line(`the same, printing 1 MB (${kind})`, "p50 ms", () => rested(pool, ALL, kind)),
  ]);
  return [
    ...pairs,
    line("calls that print nothing, one after the other", "per s", steadily(0, 1)),
    line("the same, printing and storing 1 MB each", "per s", steadily(ALL, 1)),
    line("calls that print nothing, 16 callers", "per s", steadily(0, 16)),
    line("the same, printing 1 line", "per s", steadily(1, 16)),
    line("the same, printing 100 lines", "per s", steadily(100, 16)),
  ];
}

async function rested(pool: Pool, lines: number, kind: Kind): Promise<Sample> {
  const times: number[] = [];
  for (let n = 0; n < RESTED_CALLS; n++) {
    await sleep(REST);
    const at = performance.now();
    const { status, text } = await send(pool, callOf(lines, kind)(n));
    if (status !== 200) throw new Error(`the talker answered ${status}: ${text.slice(0, 300)}`);
    times.push(performance.now() - at);
  }
  return sampleOf(times);
}

function callOf(lines: number, kind: Kind = "nodejs:default") {
  const call = invokeCall(nameOf(kind));
  return (n: number) => ({ ...call(n), body: `{"loud":${lines}}` });
}

function nameOf(kind: Kind): string {
  return `bench-talker-${kind.split(":")[0]}`;
}
