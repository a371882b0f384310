// What a seed means: the hosts, the actions, who calls when, and what breaks.
// All of it is drawn before the world begins.

import type { Random } from "../machine/random.ts";
import type { Weather } from "../platform/network.ts";

export interface HostPlan {
  name: string;
  /** MB per scheduler shard. */
  memory: number;
  shards: number;
  joinsAt: number;
  /** What it can run at first, and after "host-change". */
  kinds: string[];
  kindsLater: string[];
  labels: string[];
  /** Its containers take so many times as long as elsewhere. */
  slowness: number;
  /** Another folder than that of its name: of a second process of the same host. */
  disk?: string;
}

export interface ActionPlan {
  name: string;
  kind: string;
  /** A host must have these. */
  labels: string[];
  memory: number;
  timeout: number;
  /** Activations one container takes at a time. */
  concurrency: number;
  /** Longest ordinary run. */
  runMs: number;
  /** Whether its containers fail now and then. */
  fragile: boolean;
}

export interface NamespacePlan {
  name: string;
  uuid: string;
  limits: { invocationsPerMinute?: number; concurrentInvocations?: number };
  storing: boolean;
}

export interface CallPlan {
  at: number;
  namespace: number;
  action: number;
  blocking: boolean;
  waitMs: number;
  runMs: number;
  /** The caller goes away after this long; 0 = stays. */
  leavesAfter: number;
  /** What is called is this composition. */
  composition?: number;
}

/** A sequence of actions or compositions made before, or a conductor that names them one after the other. */
export interface ComposedPlan {
  name: string;
  kind: "sequence" | "conductor";
  parts: string[];
}

export interface FirePlan {
  at: number;
  namespace: number;
  /** Longest run of its rules' actions. */
  runMs: number;
  /** `action` null: the rule's action is gone. */
  rules: { action: number | null; active: boolean }[];
}

export const FAULTS = [
  "scheduler-crash",
  "scheduler-hibernate",
  "scheduler-split",
  "store-crash",
  "store-split",
  "roster-crash",
  "throttle-crash",
  "host-kill",
  "host-freeze",
  "host-drain",
  "pair-crash",
  "cut-kill",
  "host-change",
  "host-slow",
  "scheduler-mute",
  "container-hang",
  "socket-cut",
  "socket-half-open",
  "isolate-loss",
  "composition-crash",
  "composition-split",
  "composition-steps",
  "isolate-fire",
  "store-fire",
  "platform-fire",
  "platform-restart",
] as const;
/** Struck only where they are asked for: what other worlds do is not moved by them. */
export const ASKED_FAULTS = ["host-twin", "namespace-bar", "shelf-down", "shelf-steps", "mode-change"] as const;
export type Fault = (typeof FAULTS | typeof ASKED_FAULTS)[number];

export interface FaultPlan {
  at: number;
  fault: Fault;
  /** How long it lasts, where it lasts. */
  length: number;
  /** Draws the victim. */
  victim: number;
}

export interface Scenario {
  profile: "calm" | "single" | "network" | "storm";
  /** Faults and calls end by then (ms). */
  length: number;
  shards: number;
  /** Of the Worker, at a time. */
  isolates: number;
  hosts: HostPlan[];
  actions: ActionPlan[];
  namespaces: NamespacePlan[];
  calls: CallPlan[];
  compositions: ComposedPlan[];
  fires: FirePlan[];
  faults: FaultPlan[];
  weather: Weather;
  /** The most by which machines' clocks differ (ms), in either direction. */
  skews: number;
}

/** Between the two deaths of a pair there is less than this (ms). */
export const PAIR = 3_000;
export const MAX_TIMEOUT = 6_000;
export const NODE = "nodejs:20";
export const PYTHON = "python:3.12";
/** Seconds a call may wait for a host. */
export const QUEUE_TIME = 60;
/** A hung container takes this long (ms): longer than a scheduler waits for any run. */
export const HANG = 90_000;

export function scenarioOf(random: Random, only?: Fault): Scenario {
  const profile = only !== undefined ? "single" : random.pick(["calm", "single", "network", "storm", "storm"] as const);
  const plain = random.int(8_000, 25_000);
  const hosts = Array.from({ length: random.int(1, 3) }, (_, index) => hostOf(random, { index, plain }));
  // In most worlds everything can be run somewhere.
  if (random.chance(0.7)) for (const host of hosts) if (!host.kinds.includes(NODE)) host.kinds.push(NODE);
  const actions = Array.from({ length: random.int(1, 4) }, (_, index) => actionOf(random, index));
  const namespaces = Array.from({ length: random.int(1, 2) }, (_, index) => namespaceOf(random, index));
  const faults = faultsOf(random, { profile, length: plain, only });
  const calls = callsOf(random, { length: plain, actions, namespaces: namespaces.length });
  const hang = faults.find((plan) => plan.fault === "container-hang");
  const length = hang === undefined ? plain : hang.at + HANG;
  if (hang !== undefined) {
    // Work for the time after the run has been given up and before its container has gone.
    const late = callsOf(random, { length: 8_000, actions, namespaces: namespaces.length });
    for (const call of late) calls.push({ ...call, at: call.at + length - 18_000 });
  }
  const fires = firesOf(random.fork(), { length: plain, actions, namespaces: namespaces.length, faults });
  const shards = random.pick([1, 1, 2]);
  const weather = weatherOf(random, profile);
  const compositions = composedOf(random.fork(), { actions, calls, faults });
  const skews = random.pick([0, 0, 500, 4_000]);
  // Not drawn: worlds without limits are as they were.
  const limited = only === undefined ? namespaces : [];
  const isolates =
    1 + ((limited.find((each) => each.limits.invocationsPerMinute)?.limits.invocationsPerMinute ?? 0) % 3);
  return {
    ...{
      profile,
      length,
      shards,
      isolates,
      hosts,
      actions,
      namespaces,
      calls,
      compositions,
      fires,
      faults,
      weather,
      skews,
    },
  };
}

function hostOf(random: Random, { index, plain }: { index: number; plain: number }): HostPlan {
  const kinds = () => random.pick([[NODE, PYTHON], [NODE, PYTHON], [NODE], [NODE], [PYTHON]]).slice();
  return {
    name: `h${index}`,
    memory: random.pick([256, 512, 1024, 2048, 2048]),
    shards: random.chance(0.2) ? 2 : 1,
    joinsAt: index === 0 && random.chance(0.8) ? 0 : random.int(0, plain / 2),
    kinds: kinds(),
    kindsLater: kinds(),
    labels: random.chance(0.3) ? ["gpu"] : [],
    slowness: random.pick([1, 1, 1, 4]),
  };
}

function actionOf(random: Random, index: number): ActionPlan {
  return {
    name: `a${index}`,
    kind: random.chance(0.75) ? NODE : PYTHON,
    labels: random.chance(0.1) ? ["gpu"] : [],
    memory: random.pick([128, 128, 256, 512]),
    timeout: random.pick([500, 2_000, MAX_TIMEOUT]),
    concurrency: random.pick([1, 1, 1, 4]),
    runMs: random.pick([5, 50, 500, 3_000]),
    fragile: random.chance(0.2),
  };
}

/** Whether this host's plan, with these kinds, gives what the action needs. */
export function suits(host: HostPlan, kinds: readonly string[], action: ActionPlan): boolean {
  if (!kinds.includes(action.kind) || host.memory < action.memory) return false;
  return action.labels.every((label) => host.labels.includes(label));
}

function namespaceOf(random: Random, index: number): NamespacePlan {
  const limited = random.chance(0.3);
  return {
    name: `n${index}`,
    uuid: `00000000-0000-4000-8000-00000000000${index}`,
    limits: limited ? { invocationsPerMinute: random.int(5, 60), concurrentInvocations: random.int(2, 12) } : {},
    storing: !random.chance(0.1),
  };
}

function callsOf(random: Random, size: { length: number; actions: ActionPlan[]; namespaces: number }): CallPlan[] {
  const calls: CallPlan[] = [];
  const bursts = Array.from({ length: random.int(1, 3) }, () => random.int(0, size.length * 0.8));
  for (let left = random.int(15, 45); left > 0; left--) {
    const action = random.int(0, size.actions.length - 1);
    const plan = size.actions[action]!;
    const blocking = random.chance(0.6);
    calls.push({
      at: random.chance(0.5) ? random.pick(bursts) + random.ms(0, 30) : random.ms(0, size.length * 0.9),
      namespace: random.int(0, size.namespaces - 1),
      action,
      blocking,
      waitMs: random.pick([100, 800, 5_000, 60_000]),
      runMs: random.chance(0.05) ? plan.timeout * 2 : random.ms(1, plan.runMs),
      leavesAfter: random.chance(0.1) ? random.pick([1, 50, 900, 1_100]) : 0,
    });
  }
  return calls.sort((a, b) => a.at - b.at);
}

/** Some of the calls become calls of compositions; faults that strike compositions strike one of these. */
function composedOf(
  random: Random,
  size: { actions: ActionPlan[]; calls: CallPlan[]; faults: FaultPlan[] },
): ComposedPlan[] {
  const struck = size.faults.filter((each) => each.fault.startsWith("composition-"));
  if (struck.length === 0 && random.chance(0.4)) return [];
  const plans: ComposedPlan[] = [];
  for (let left = random.int(1, 4); left > 0; left--) {
    const kind = random.pick(["sequence", "sequence", "conductor"] as const);
    const names = [...size.actions, ...size.actions, ...plans].map((each) => each.name);
    const parts = Array.from({ length: random.int(1, 4) }, () => random.pick(names));
    plans.push({ name: `${kind}${plans.length}`, kind, parts });
  }
  const chosen = size.calls.filter(() => random.chance(0.2));
  for (const call of chosen.length === 0 ? size.calls.slice(0, 1) : chosen) {
    call.composition = random.int(0, plans.length - 1);
    call.runMs = random.chance(0.03) ? 2 * MAX_TIMEOUT : random.ms(1, 300);
  }
  const calls = size.calls.filter((each) => each.composition !== undefined);
  for (const fault of struck) fault.at = random.pick(calls).at + random.ms(0, random.pick([20, 500, 5_000]));
  return plans;
}

/** Faults that strike fires strike one of these. */
function firesOf(
  random: Random,
  size: { length: number; actions: ActionPlan[]; namespaces: number; faults: FaultPlan[] },
): FirePlan[] {
  const struck = size.faults.filter((each) => each.fault.endsWith("-fire"));
  if (struck.length === 0 && random.chance(0.3)) return [];
  const fires = Array.from({ length: random.int(1, 6) }, () => ({
    at: random.ms(0, size.length * 0.9),
    namespace: random.int(0, size.namespaces - 1),
    runMs: random.ms(1, 200),
    rules: Array.from({ length: random.pick([1, 1, 2, 5]) }, () => ({
      action: random.chance(0.1) ? null : random.int(0, size.actions.length - 1),
      active: random.chance(0.85),
    })),
  }));
  for (const fault of struck) fault.at = random.pick(fires).at + random.ms(0, random.pick([5, 50]));
  return fires;
}

function faultsOf(random: Random, plan: { profile: string; length: number; only: Fault | undefined }): FaultPlan[] {
  const count = plan.profile === "single" ? 1 : plan.profile === "storm" ? random.int(2, 7) : 0;
  return Array.from({ length: count }, () => ({
    at: random.ms(200, plan.length),
    fault: plan.only ?? random.pick(FAULTS),
    length: random.pick([50, 2_000, 9_000, 16_000]),
    victim: random.next(),
  })).sort((a, b) => a.at - b.at);
}

function weatherOf(random: Random, profile: string): Weather {
  const rough = profile === "network" || (profile === "storm" && random.chance(0.4));
  return {
    loss: rough ? random.pick([0.01, 0.05]) : 0,
    delay: random.pick([1, 5, 20]),
    spike: rough ? 0.02 : 0,
    spikeLength: random.pick([100, 3_000, 9_000]),
    commit: random.pick([0.5, 12]),
  };
}
