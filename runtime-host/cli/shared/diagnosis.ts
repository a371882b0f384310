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
  engine?: { answers: true; kinds: readonly string[] } | { answers: false; reason: string; isDenied?: boolean };
  /** Of the disk below the state folder, in MB. `freeFiles`: null where the file system does not count them. */
  disk?:
    | { folder: string; freeMb: number; freeFiles: number | null; isReadOnly: boolean }
    | { folder: string; reason: string };
  /** The state folder, where there is one. `isExposed`: other users can read or write it. `isServed`:
   * its platform can be reached. */
  state?:
    | { folder: string; isExposed: boolean; ownerPid: number | null; isServed: boolean }
    | { folder: string; isFile: true };
  /** What is at the port that a start here would take; absent where the platform of the state folder serves. */
  port?: { port: number; has: "nobody" | "a platform" | "another program" } | { given: string };
  /** The platform's address, what it said to /ping, and whose clock is ahead by how much (ms). */
  platform?: { url: string; ping: string | { reason: string }; ahead?: number; build?: string };
  /** Whether the platform knows the host whose token is set (EDGEWHISK_TOKEN). */
  token?: "known" | "refused";
  /** Of this checkout. */
  build?: string;
  /** From the admin API. */
  status?:
    | { hosts: readonly HostItem[]; oldestWaitMs: number; waitReason?: string }
    | { reason: string; isRefused: boolean };
}

const LEAST_NODE = 20;
const MIN_FREE_MB = 256;
const LOW_FREE_MB = 2_048;
const MIN_FREE_FILES = 100;
/** Credentials and schedules go by the clock. */
const CLOCK_DOUBTFUL_MS = 2_000;
const CLOCK_WRONG_MS = 30_000;
/** `npm run images` makes images for these. */
const LANGUAGES = ["nodejs", "python"];
const LONG_WAIT_MS = 60_000;

export function findingsOf(facts: SeenFacts): Finding[] {
  return [
    ...[nodeFinding(facts), ...engineFindings(facts), ...diskFindings(facts), ...stateFindings(facts)],
    ...[...portFindings(facts), ...platformFindings(facts), ...tokenFindings(facts)],
  ];
}

function nodeFinding({ node }: SeenFacts): Finding {
  const major = Number(/^v?(\d+)/.exec(node)?.[1] ?? 0);
  if (major >= LEAST_NODE) return { what: "node", state: "good", text: `${node} runs this` };
  return { what: "node", state: "wrong", text: `${node} is too old`, way: `Install Node ${LEAST_NODE} or newer.` };
}

function engineFindings({ engine }: SeenFacts): Finding[] {
  if (engine === undefined) return [];
  if (!engine.answers && engine.isDenied === true)
    return [{ what: "engine", state: "wrong", text: engine.reason, way: "Let this user speak to it, as said." }];
  if (!engine.answers) {
    const way =
      "Start Docker, or let this user speak to it. Without it actions run as plain processes, which isolates nothing.";
    return [{ what: "engine", state: "doubtful", text: engine.reason, way }];
  }
  const engineGood: Finding = { what: "engine", state: "good", text: "a Docker engine answers" };
  const way = "npm run images builds them.";
  if (engine.kinds.length === 0)
    return [engineGood, { what: "images", state: "wrong", text: "the engine has no action image", way }];
  const lacking = LANGUAGES.filter((language) => !engine.kinds.some((kind) => kind.startsWith(`${language}:`)));
  if (lacking.length > 0)
    return [engineGood, { what: "images", state: "doubtful", text: `there is none for ${lacking.join(", ")}`, way }];
  return [engineGood, { what: "images", state: "good", text: `kinds: ${engine.kinds.join(", ")}` }];
}

function diskFindings({ disk }: SeenFacts): Finding[] {
  if (disk === undefined) return [];
  const what = "disk";
  if ("reason" in disk) return [{ what, state: "not looked at", text: `${disk.folder}: ${disk.reason}` }];
  const { folder, freeMb, freeFiles, isReadOnly } = disk;
  if (isReadOnly)
    return [{ what, state: "wrong", text: `${folder} cannot be written`, way: "Look at dmesg; mount it anew." }];
  if (freeFiles !== null && freeFiles < MIN_FREE_FILES)
    return [{ what, state: "wrong", text: `the disk of ${folder} takes no more files`, way: "Remove some: df -i." }];
  const text = `${Math.floor(freeMb)} MB are free at ${folder}`;
  if (freeMb < MIN_FREE_MB)
    return [
      { what, state: "wrong", text, way: "Make room: hosts take nothing new below 256 MB (EDGEWHISK_MIN_DISK)." },
    ];
  if (freeMb < LOW_FREE_MB) return [{ what, state: "doubtful", text, way: "Make room soon." }];
  return [{ what, state: "good", text }];
}

function stateFindings({ state }: SeenFacts): Finding[] {
  if (state === undefined) return [];
  const what = "state";
  if ("isFile" in state)
    return [{ what, state: "wrong", text: `${state.folder} is no folder`, way: "Name another (--state), or move it." }];
  const { folder, isExposed, ownerPid, isServed } = state;
  if (isExposed) {
    const text = `${folder} is open to other users, so that nothing is taken from it: it holds secrets`;
    return [{ what, state: "wrong", text, way: `chmod 700 ${folder}` }];
  }
  if (ownerPid === null) return [{ what, state: "good", text: `nobody uses ${folder}` }];
  if (isServed) return [{ what, state: "good", text: `process ${ownerPid} serves from ${folder}` }];
  const way =
    "Wait if it was just started or stopped; else end it, or use another folder (--state): two cannot share one.";
  return [{ what, state: "doubtful", text: `process ${ownerPid} has ${folder} and does not serve`, way }];
}

function portFindings({ port }: SeenFacts): Finding[] {
  if (port === undefined) return [];
  if ("given" in port) {
    const text = `EDGEWHISK_PORT is ${JSON.stringify(port.given.slice(0, 50))}`;
    return [{ what: "port", state: "wrong", text, way: "Set a port from 0 to 65535, or take it away." }];
  }
  if (port.has === "nobody") return [];
  const text = `${port.has} that is not of this state folder has port ${port.port}`;
  return [{ what: "port", state: "doubtful", text, way: "A start here needs another (--port), or stop what has it." }];
}

function tokenFindings({ token, platform }: SeenFacts): Finding[] {
  if (token === undefined || platform === undefined) return [];
  const what = "host token";
  if (token === "known") return [{ what, state: "good", text: "the platform knows the host of EDGEWHISK_TOKEN" }];
  const text =
    "the platform does not let in the host of EDGEWHISK_TOKEN: it was revoked, replaced, or is another platform's";
  return [
    { what, state: "wrong", text, way: "edgewhisk hosts create <name> --rotate makes a new one; look at --url." },
  ];
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
  if ("reason" in status && status.isRefused) {
    const text = "the platform does not accept the admin token: it was changed, or another platform has this address";
    return [{ what: "admin token", state: "wrong", text, way: "Look at --url, --state and EDGEWHISK_ADMIN_TOKEN." }];
  }
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
    const quiet = QUIET[state];
    if (quiet !== undefined) found.push({ what: `host ${name}`, state: "doubtful", ...quiet });
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

const QUIET: { readonly [state in HostItem["state"]]?: { text: string; way: string } } = {
  down: {
    text: "it was here and is not connected",
    way: "Start it, or look at its lines: its token, and whether it reaches --url. For good: edgewhisk hosts revoke.",
  },
  new: { text: "it has a token and has never come in", way: "Start it with that token: edgewhisk host --help." },
  draining: { text: "it takes nothing new", way: "edgewhisk hosts undrain, if it shall." },
};

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
