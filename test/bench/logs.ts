// What output costs: an action that prints 1 MB against the same action when it prints nothing. The calls take turns, so that each
// waits for the container to be free of the one before.

import type { Pool } from "undici";
import { load, type Sample, send } from "./load.ts";
import { createAction, invokeCall } from "./measures.ts";

export interface LogLine {
  letter: string;
  name: string;
  unit: "p50 ms";
  run(): Promise<Sample>;
}

export const LOG_LETTER = "m";

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
  const of = (action: string) => () => load(pool, callOf(action), { callers: 1, ms, status: 200 });
  return [
    { letter: LOG_LETTER, name: "an action that prints nothing", unit: "p50 ms", run: of("bench-quiet") },
    { letter: LOG_LETTER, name: "the same, printing 1 MB", unit: "p50 ms", run: of("bench-loud") },
  ];
}

function callOf(action: string) {
  const call = invokeCall(action);
  return (n: number) => ({ ...call(n), body: `{"loud":${action === "bench-loud"}}` });
}
