// Seeds over the whole control plane: the same seed is the same world, event for event; no seed breaks a promise.
// SIM_SEEDS=n runs n seeds, SIM_SEED=n replays one with its trace, SIM_FIRST=n begins elsewhere.

import { describe, expect, it } from "vitest";
import { loadWorld, prune } from "./load.ts";
import type { Outcome } from "./world/run.ts";
import { ASKED_FAULTS, FAULTS } from "./world/scenario.ts";

const { runSeed } = await loadWorld<typeof import("./world/run.ts")>("test/simulator/world/run.ts");
prune(Date.now());
const one = process.env.SIM_SEED;
const first = Number(process.env.SIM_FIRST ?? "1");
const count = Number(process.env.SIM_SEEDS ?? "24");
const CHUNK = 100;
/** How many worlds each single fault is tried in. */
const WORLDS_A_FAULT = count < 1_000 ? 2 : 5;

function verdict(outcome: Outcome): string {
  const again = `SIM_SEED=${outcome.seed} npx vitest run --config test/vitest.config.ts --project unit test/simulator`;
  return [`seed ${outcome.seed} (${outcome.profile}); replay: ${again}`, ...outcome.violations].join("\n  ");
}

if (one !== undefined) describe("one seed", replay);
else describe("the control plane, simulated", everything);

function replay(): void {
  it(`keeps every promise with seed ${one}`, { timeout: 600_000 }, async () => {
    const outcome = await runSeed(Number(one), { trace: true });
    process.stdout.write(`${outcome.trace.join("\n")}\n`);
    expect(outcome.violations, verdict(outcome)).toEqual([]);
  });
}

function everything(): void {
  const totals = {
    accepted: 0,
    success: 0,
    lost: 0,
    stuck: 0,
    starts: 0,
    compositions: 0,
    fires: 0,
    excused: 0,
    rested: 0,
  };

  for (let from = first; from < first + count; from += CHUNK) {
    const to = Math.min(from + CHUNK, first + count) - 1;
    it(`keeps every promise with seeds ${from} to ${to}`, { timeout: 600_000 }, async () => {
      const failures: string[] = [];
      let failing: number | null = null;
      for (let seed = from; seed <= to; seed++) {
        const outcome = await runSeed(seed);
        if (outcome.violations.length > 0) {
          failures.push(verdict(outcome));
          failing ??= seed;
        }
        totals.accepted += outcome.accepted;
        totals.success += outcome.success;
        totals.lost += outcome.lost;
        totals.stuck += outcome.stuck;
        totals.starts += outcome.starts;
        totals.fires += outcome.fires;
        totals.compositions += outcome.compositions;
        totals.excused += outcome.excused;
        totals.rested = Math.max(totals.rested, outcome.rested);
      }
      if (failing !== null) process.stdout.write(`${(await runSeed(failing, { trace: true })).trace.join("\n")}\n`);
      expect(failures, failures.slice(0, 5).join("\n")).toEqual([]);
    });
  }

  it("runs real work: most of what is accepted succeeds, and hardly an id needs the excuse", () => {
    const { accepted, success, lost, stuck, starts, compositions, fires, excused } = totals;
    const seeds = count;
    process.stdout.write(`simulator: ${seeds} seeds, ${JSON.stringify(totals)}\n`);
    expect(accepted).toBeGreaterThan(seeds * 10);
    expect(starts).toBeGreaterThan(seeds * 10);
    expect(fires).toBeGreaterThan(seeds);
    expect(compositions).toBeGreaterThan(seeds * 2);
    // About a fifth is meant to fail: runs past their timeout, containers that die.
    expect(success / (accepted - stuck)).toBeGreaterThan(0.72);
    // Some worlds lack a host for some of the work.
    expect(stuck / accepted).toBeGreaterThan(0.03);
    expect(stuck / accepted).toBeLessThan(0.3);
    expect(lost / accepted).toBeLessThan(0.06);
    expect(excused / accepted).toBeLessThan(0.001);
  });

  it("recovers from each single fault", { timeout: 600_000 }, async () => {
    for (const fault of [...FAULTS, ...ASKED_FAULTS]) {
      for (let seed = 1; seed <= WORLDS_A_FAULT; seed++) {
        const outcome = await runSeed(seed, { only: fault });
        expect(outcome.violations, `${fault}: ${verdict(outcome)}`).toEqual([]);
      }
    }
  });

  it("takes the same path twice with the same seed", { timeout: 600_000 }, async () => {
    for (const seed of [3, 14, 159]) {
      const once = await runSeed(seed, { trace: true });
      const twice = await runSeed(seed, { trace: true });
      expect(twice.hash).toBe(once.hash);
      expect(twice.trace).toEqual(once.trace);
    }
  });

  it("takes another path with another seed", { timeout: 600_000 }, async () => {
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 10; seed++) hashes.add((await runSeed(seed)).hash);
    expect(hashes.size).toBe(10);
  });
}
