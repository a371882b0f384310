// What code under test finds in place of the clock, the timers and the randomness of its platform. `load.ts` binds
// these names into every module of the product that uses them. One world runs at a time.

import { createHash } from "node:crypto";
import type { Kernel, SimEvent } from "./kernel.ts";
import type { Random } from "./random.ts";

let kernel: Kernel | null = null;
let random: Random | null = null;

export function enter(world: Kernel | null): void {
  kernel = world;
  random = world === null ? null : world.random.fork();
}

export function current(): Kernel {
  if (kernel === null) throw new Error("no simulated world runs");
  return kernel;
}

const RealDate = globalThis.Date;

class SimDate extends RealDate {
  constructor(...args: [] | [number | string]) {
    if (args.length === 0) super(Math.floor(current().clock));
    else super(args[0]);
  }

  static override now(): number {
    return Math.floor(current().clock);
  }
}

export { SimDate as Date };

export const performance = { now: (): number => current().elapsed, timeOrigin: 0 };

/** As Node's: an object that can be unref'd; workerd code takes it for an opaque handle. */
class Timer {
  event: SimEvent | null = null;

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    return this;
  }
}

export function setTimeout(run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]): Timer {
  const timer = new Timer();
  timer.event = current().after(delay, current().owner, () => run(...args));
  return timer;
}

export function setInterval(run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]): Timer {
  const timer = new Timer();
  const world = current();
  const owner = world.owner;
  const tick = (): void => {
    timer.event = world.after(Math.max(1, delay), owner, tick);
    run(...args);
  };
  timer.event = world.after(Math.max(1, delay), owner, tick);
  return timer;
}

export function setImmediate(run: (...args: unknown[]) => void, ...args: unknown[]): Timer {
  return setTimeout(run, 0, ...args);
}

export function clearTimeout(timer: Timer | null | undefined): void {
  if (timer?.event) current().cancel(timer.event);
}
export { clearTimeout as clearInterval, clearTimeout as clearImmediate };

/** `scheduler.wait` of workerd and the promise timers of Node. */
export function wait(delay: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(), delay);
  });
}
export const scheduler = { wait };

/** Stands for Math.random. */
export function simulatedRandom(): number {
  if (random === null) throw new Error("no simulated world runs");
  return random.next();
}

export const crypto = {
  getRandomValues<T extends Uint8Array>(bytes: T): T {
    const source = random;
    if (source === null) throw new Error("no simulated world runs");
    for (let at = 0; at < bytes.length; at++) bytes[at] = source.int(0, 255);
    return bytes;
  },
  randomUUID(): string {
    const hex = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  },
  subtle: {
    async digest(_algorithm: string, data: Uint8Array): Promise<ArrayBuffer> {
      const bytes = createHash("sha256").update(data).digest();
      return new Uint8Array(bytes).buffer;
    },
  },
};

const say = (...words: unknown[]): void => current().trace(`console ${words.map(String).join(" ").slice(0, 200)}`);
export const console = { log: say, info: say, warn: say, error: say, debug: say };
