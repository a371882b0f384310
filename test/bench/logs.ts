// What output costs: an action that prints 1 MB against the same action when it prints nothing. Calls with a rest between them say
// what a caller waits for; calls one after the other, what the machine can take in and store.

import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "undici";
import { load, quantile, type Sample, send } from "./load.ts";
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
const RESTED_CALLS = 30;

/** 1,024 lines of 1 KB; the same work is done for them when they are not printed. */
const TALKER = `const lines = Array.from({ length: 1024 }, (_, n) => String(n).padEnd(1023, "log line "));
function main({ loud }) {
  let size = 0;
  for (const line of lines) {
    size += line.length + 1;
    if (loud) console.log(line);
  }
  return { size };
}`;

export async function logLines(pool: Pool, ms: number): Promise<LogLine[]> {
  for (const action of ["bench-quiet", "bench-loud"]) await createAction(pool, action, { code: TALKER });
  const { status, text } = await send(pool, callOf("bench-loud")(0));
  if (status !== 200 || !text.includes('"size":1048576'))
    throw new Error(`the talker answered ${status}: ${text.slice(0, 300)}`);
  const line = (name: string, unit: LogLine["unit"], run: LogLine["run"]): LogLine => ({
    letter: LOG_LETTER,
    name,
    unit,
    run,
  });
  const steadily = (action: string) => () => load(pool, callOf(action), { callers: 1, ms, status: 200 });
  return [
    line("a call that prints nothing, 100 ms after the last", "p50 ms", () => rested(pool, "bench-quiet")),
    line("the same, printing 1 MB", "p50 ms", () => rested(pool, "bench-loud")),
    line("calls that print nothing, one after the other", "per s", steadily("bench-quiet")),
    line("the same, printing and storing 1 MB each", "per s", steadily("bench-loud")),
  ];
}

async function rested(pool: Pool, action: string): Promise<Sample> {
  const times: number[] = [];
  for (let n = 0; n < RESTED_CALLS; n++) {
    await sleep(REST);
    const at = performance.now();
    const { status, text } = await send(pool, callOf(action)(n));
    if (status !== 200) throw new Error(`${action} answered ${status}: ${text.slice(0, 300)}`);
    times.push(performance.now() - at);
  }
  times.sort((a, b) => a - b);
  return { rate: Number.NaN, p50: quantile(times, 0.5), p99: quantile(times, 0.99), count: times.length };
}

function callOf(action: string) {
  const call = invokeCall(action);
  return (n: number) => ({ ...call(n), body: `{"loud":${action === "bench-loud"}}` });
}
