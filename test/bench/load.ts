// A closed-loop HTTP client on undici with keep-alive, and the arithmetic on what it saw.

import { Pool } from "undici";

export interface Sample {
  /** Answers per second. */
  rate: number;
  /** ms */
  p50: number;
  p99: number;
  p999: number;
  longest: number;
  count: number;
}

/** What these times (ms) say. Without `ms`, the time they took in all, there is no rate. */
export function sampleOf(times: readonly number[], ms = Number.NaN): Sample {
  const sorted = [...times].sort((a, b) => a - b);
  return {
    rate: (1000 * sorted.length) / ms,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
    longest: sorted.at(-1) ?? Number.NaN,
    count: sorted.length,
  };
}

export interface Call {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Load {
  callers: number;
  /** Stop after this many calls … */
  calls?: number;
  /** … or this many ms. */
  ms?: number;
  /** Status that counts as an answer; anything else ends the measurement with an error. */
  status: number;
}

export function connect(url: string, callers: number): Pool {
  return new Pool(url, { connections: callers, pipelining: 1, bodyTimeout: 120_000, headersTimeout: 120_000 });
}

/** Sends `call(n)` for n = 0, 1, … from as many callers, each waiting for its answer. */
export async function load(pool: Pool, call: (n: number) => Call, options: Load): Promise<Sample> {
  const started = performance.now();
  const times = await timed(pool, call, options);
  return sampleOf(times, performance.now() - started);
}

/** The same: ms of each call. */
export async function timed(pool: Pool, call: (n: number) => Call, options: Load): Promise<number[]> {
  const times: number[] = [];
  const started = performance.now();
  let next = 0;
  const more = () =>
    (options.calls === undefined || next < options.calls) &&
    (options.ms === undefined || performance.now() - started < options.ms);
  const caller = async () => {
    while (more()) {
      const at = performance.now();
      const { status, text } = await send(pool, call(next++));
      if (status !== options.status)
        throw new Error(`expected ${options.status}, got ${status}: ${text.slice(0, 300)}`);
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: options.callers }, caller));
  return times;
}

export async function send(pool: Pool, call: Call): Promise<{ status: number; text: string }> {
  const { statusCode, body } = await pool.request({
    method: call.method,
    path: call.path,
    headers: call.headers ?? null,
    body: call.body ?? null,
  });
  return { status: statusCode, text: await body.text() };
}

/** `sorted` ascending; the value below which the share `q` lies. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** Half the distance between the largest and the smallest, as a share of the median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}
