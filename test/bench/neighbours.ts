// What one namespace's flood costs a neighbour. Whoever floods takes the machine's processors as well, and what answers
// him, whether anything is shared or not: so the same flood goes to another platform on the same machine first, and
// then to the neighbour's own. What is between the two is what they share in the platform.

import { setTimeout as sleep } from "node:timers/promises";
import { type Call, load, median, type Sample, send } from "./load.ts";
import { blocking, prepared, request, type TeamPlatform, type Tenant } from "./team-platform.ts";

const LOUD = "function main() { for (let n = 0; n < 2000; n++) console.log('x'.repeat(400)); return {}; }";
/** ms of one measure of a neighbour. */
const WINDOW_MS = 4_000;
/** ms after a flood: what was accepted runs on. */
const CALM_MS = 3_000;

export interface NeighbourOptions {
  here: TeamPlatform;
  elsewhere: TeamPlatform;
  callers: number;
  rounds: number;
  /** Which floods; all where it is empty. */
  floods: ReadonlySet<string>;
}

/** Each kind of flood by so many callers without a pause, while one of another namespace calls a warm action. */
export async function neighbours({ here, elsewhere, callers, rounds, floods }: NeighbourOptions): Promise<void> {
  const quiet = await prepared(await here.tenant("bench-quiet"));
  const loud = { here: await loudTenant(here), elsewhere: await loudTenant(elsewhere) };
  const called = (): Promise<Sample> => load(quiet.pool, blocking(quiet), { callers: 1, ms: WINDOW_MS, status: 200 });
  console.log(
    `\n| flood of one namespace, ${callers} callers, median of ${rounds} | a second | neighbour's p99 ms alone | beside the flood of another platform | beside it here | here to alone | here to elsewhere |\n|---|---|---|---|---|---|---|`,
  );
  for (const [name, callOf] of Object.entries(FLOODS)) {
    if (floods.size > 0 && !floods.has(name)) continue;
    const p99: Record<"alone" | "elsewhere" | "here", number[]> = { alone: [], elsewhere: [], here: [] };
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      p99.alone.push((await called()).p99);
      for (const where of round % 2 === 0 ? (["elsewhere", "here"] as const) : (["here", "elsewhere"] as const)) {
        const { sample, rate } = await beside(loud[where], { callOf, callers, called });
        p99[where].push(sample.p99);
        if (where === "here") rates.push(rate);
        await sleep(CALM_MS);
      }
    }
    const [alone, other, own] = [median(p99.alone), median(p99.elsewhere), median(p99.here)];
    const figures = [alone, other, own].map((each) => each.toFixed(2)).join(" | ");
    console.log(
      `| ${name} | ${median(rates).toFixed(0)} | ${figures} | ${(own / alone).toFixed(1)} | ${(own / other).toFixed(1)} |`,
    );
  }
}

/** What is accepted and runs on comes last. */
const FLOODS: Record<string, (loud: Tenant) => (n: number) => Call> = {
  lists: (loud) => () => request(loud, "GET", "triggers?limit=200"),
  "lists of activations": (loud) => () => request(loud, "GET", "activations?limit=200&docs=true"),
  creates: (loud) => (n) => request(loud, "PUT", `triggers/made-${n % 500}?overwrite=true`, {}),
  "blocking calls": blocking,
  "log output": (loud) => () => request(loud, "POST", "actions/loud?blocking=true", {}),
  calls: (loud) => (n) => request(loud, "POST", "actions/a", { n }),
  fires: (loud) => (n) => request(loud, "POST", "triggers/t", { n }),
};

async function loudTenant(platform: TeamPlatform): Promise<Tenant> {
  const loud = await prepared(await platform.tenant("bench-loud"));
  await send(loud.pool, request(loud, "PUT", "actions/loud", { exec: { kind: "nodejs:default", code: LOUD } }));
  await send(loud.pool, request(loud, "PUT", "triggers/t", {}));
  await send(loud.pool, request(loud, "PUT", "rules/r", { trigger: "/_/t", action: "/_/a" }));
  for (let n = 0; n < 200; n++) await send(loud.pool, request(loud, "PUT", `triggers/many-${n}`, {}));
  return loud;
}

interface Flood {
  callOf: (loud: Tenant) => (n: number) => Call;
  callers: number;
  called: () => Promise<Sample>;
}

/** `rate`: answers to the flood per second. */
async function beside(loud: Tenant, { callOf, callers, called }: Flood): Promise<{ sample: Sample; rate: number }> {
  const call = callOf(loud);
  let over = false;
  let answered = 0;
  const flooder = async () => {
    for (let n = 0; !over; n++) {
      const { status, text } = await send(loud.pool, call(n));
      if (status >= 500) throw new Error(`the flood was answered ${status}: ${text.slice(0, 200)}`);
      answered++;
    }
  };
  const flood = Promise.all(Array.from({ length: callers }, flooder));
  const sample = await called().finally(() => {
    over = true;
  });
  await flood;
  return { sample, rate: (1_000 * answered) / WINDOW_MS };
}
