// What is wrong on a machine or with a platform, and the way out: from facts that were gathered, findings. Pure.

import type { HostItem } from "../../../src/entities/administration.ts";

export interface Finding {
  what: string;
  state: "good" | "doubtful" | "wrong" | "not looked at";
  text: string;
  /** The way out. */
  way?: string;
}

/** What was seen; what could not be looked at is absent. */
export interface SeenFacts {
  /** Of the Node that runs this. */
  node: string;
  /** Whether a Docker engine answers, and which kinds its images can run. */
  engine?: { answers: true; kinds: readonly string[] } | { answers: false; reason: string };
  /** Of the disk below the state folder, in MB. */
  disk?: { folder: string; freeMb: number } | { folder: string; reason: string };
  /** The platform's address, what it said to /ping, and whose clock is ahead by how much (ms). */
  platform?: { url: string; ping: string | { reason: string }; ahead?: number; build?: string };
  /** Of this checkout. */
  build?: string;
  /** From the admin API. */
  status?: { hosts: readonly HostItem[]; oldestWaitMs: number; waitReason?: string } | { reason: string };
}

const LEAST_NODE = 20;
const MIN_FREE_MB = 256;
const LOW_FREE_MB = 2_048;
/** Credentials and schedules go by the clock. */
const CLOCK_DOUBTFUL_MS = 2_000;
const CLOCK_WRONG_MS = 30_000;
const LONG_WAIT_MS = 60_000;

export function findingsOf(facts: SeenFacts): Finding[] {
  return [nodeFinding(facts), ...engineFindings(facts), ...diskFindings(facts), ...platformFindings(facts)];
}

function nodeFinding({ node }: SeenFacts): Finding {
  const major = Number(/^v?(\d+)/.exec(node)?.[1] ?? 0);
  if (major >= LEAST_NODE) return { what: "node", state: "good", text: `${node} runs this` };
  return { what: "node", state: "wrong", text: `${node} is too old`, way: `Install Node ${LEAST_NODE} or newer.` };
}

function engineFindings({ engine }: SeenFacts): Finding[] {
  if (engine === undefined) return [];
  if (!engine.answers) {
    const way =
      "Start Docker, or let this user speak to it. Without it actions run as plain processes, which isolates nothing.";
    return [{ what: "engine", state: "doubtful", text: engine.reason, way }];
  }
  const engineGood: Finding = { what: "engine", state: "good", text: "a Docker engine answers" };
  if (engine.kinds.length > 0)
    return [engineGood, { what: "images", state: "good", text: `kinds: ${engine.kinds.join(", ")}` }];
  const way = "npm run images builds them.";
  return [engineGood, { what: "images", state: "wrong", text: "the engine has no action image", way }];
}

function diskFindings({ disk }: SeenFacts): Finding[] {
  if (disk === undefined) return [];
  const what = "disk";
  if ("reason" in disk) return [{ what, state: "not looked at", text: `${disk.folder}: ${disk.reason}` }];
  const { folder, freeMb } = disk;
  const text = `${Math.floor(freeMb)} MB are free at ${folder}`;
  if (freeMb < MIN_FREE_MB)
    return [
      { what, state: "wrong", text, way: "Make room: hosts take nothing new below 256 MB (EDGEWHISK_MIN_DISK)." },
    ];
  if (freeMb < LOW_FREE_MB) return [{ what, state: "doubtful", text, way: "Make room soon." }];
  return [{ what, state: "good", text }];
}

function platformFindings({ platform, build, status }: SeenFacts): Finding[] {
  if (platform === undefined) {
    const way = "Give --url or EDGEWHISK_URL, or start one here: npm start.";
    return [{ what: "platform", state: "not looked at", text: "no platform is named, and none runs from here", way }];
  }
  const { url, ping } = platform;
  if (typeof ping !== "string") {
    const way = "Start it, or look at its log; another program may have its port (npm start says so).";
    return [{ what: "platform", state: "wrong", text: `${url}: ${ping.reason}`, way }];
  }
  if (ping.trim() !== "pong") {
    const way = "Another program answers there: give the platform's address, or stop it.";
    return [{ what: "platform", state: "wrong", text: `${url} is no platform of ours`, way }];
  }
  return [
    { what: "platform", state: "good", text: `${url} answers` },
    ...clockFindings(platform.ahead),
    ...versionFindings(platform.build, build),
    ...hostFindings(status),
  ];
}

function clockFindings(ahead: number | undefined): Finding[] {
  if (ahead === undefined) return [];
  const off = Math.abs(ahead);
  const what = "clock";
  if (off < CLOCK_DOUBTFUL_MS) return [{ what, state: "good", text: "this machine's and the platform's agree" }];
  const seconds = Math.round(off / 1_000);
  const text = `the platform's is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} this machine's`;
  const way = "Set the clock of the one that is wrong (timedatectl set-ntp true).";
  return [{ what, state: off < CLOCK_WRONG_MS ? "doubtful" : "wrong", text, way }];
}

function versionFindings(theirs: string | undefined, ours: string | undefined): Finding[] {
  if (theirs === undefined || ours === undefined) return [];
  const what = "version";
  if (theirs === ours) return [{ what, state: "good", text: `platform and this command are ${ours}` }];
  const text = `the platform is ${theirs}, this command ${ours}`;
  return [{ what, state: "doubtful", text, way: "Deploy, or use the checkout that was deployed." }];
}

function hostFindings(status: SeenFacts["status"]): Finding[] {
  if (status === undefined) return [];
  if ("reason" in status) return [{ what: "hosts", state: "not looked at", text: status.reason }];
  const { hosts, oldestWaitMs, waitReason = "" } = status;
  const up = hosts.filter((host) => host.state === "up");
  const found: Finding[] = [];
  if (up.length === 0)
    found.push({
      what: "hosts",
      state: "wrong",
      text: "no host is up: nothing can run",
      way: "Start one: edgewhisk host --help.",
    });
  else found.push({ what: "hosts", state: "good", text: `${up.length} of ${hosts.length} up` });
  for (const { name, state, reason, differs = [] } of hosts) {
    if (state === "unhealthy")
      found.push({
        what: `host ${name}`,
        state: "wrong",
        text: reason ?? "unhealthy",
        way: `edgewhisk hosts show ${name}`,
      });
    if (differs.length > 0)
      found.push({
        what: `host ${name}`,
        state: "doubtful",
        text: `differs from others in ${differs.join(", ")}`,
        way: "Upgrade it.",
      });
  }
  if (oldestWaitMs > LONG_WAIT_MS) {
    const text = `an activation waits for ${Math.round(oldestWaitMs / 1_000)} s: ${waitReason}`;
    found.push({
      what: "queue",
      state: "doubtful",
      text,
      way: "edgewhisk waiting; edgewhisk activation explain <id>.",
    });
  }
  return found;
}

const MARK: Readonly<Record<Finding["state"], string>> = {
  good: "ok",
  doubtful: "?",
  wrong: "!!",
  "not looked at": "-",
};

export function findingsText(findings: readonly Finding[]): string {
  return findings
    .flatMap(({ what, state, text, way }) => [
      `${MARK[state].padEnd(3)} ${what.padEnd(10)} ${text}`,
      ...(way === undefined ? [] : [`               → ${way}`]),
    ])
    .join("\n");
}
