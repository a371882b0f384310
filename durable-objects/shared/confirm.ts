// A bench's knob. In production a reply leaves an object only when its writes are confirmed elsewhere, which takes
// about 10 ms; locally it takes none. With BENCH_COMMIT_DELAY set,
// replies of methods that write wait that long, the write done.

import type { Env } from "../../src/env.ts";

export type Confirm = <T>(value: T) => Promise<T>;

export function confirming(env: Pick<Env, "BENCH_COMMIT_DELAY">): Confirm {
  const delay = Number(env.BENCH_COMMIT_DELAY ?? "0");
  if (!(delay > 0)) return async (value) => value;
  return (value) => new Promise((resolve) => setTimeout(() => resolve(value), delay));
}
