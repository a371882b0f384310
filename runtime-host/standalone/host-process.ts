// The runtime host of the one-machine mode: the same program a remote machine runs, as a child that is kept running.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import type { PlatformLogLevel } from "../../src/entities/log-level.ts";
import { keepRunning, type SupervisedChild } from "./child.ts";
import type { EngineName } from "./engine-choice.ts";
import { hostLine } from "./terminal-line.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** What the host prints when the platform knows it. */
const Ready = z.object({ event: z.literal("ready"), kinds: z.array(z.string()), unhealthy: z.string().optional() });
export type Ready = z.infer<typeof Ready>;

export interface HostProcessOptions {
  url: string;
  token: string;
  name: string;
  engine: EngineName;
  state: string;
  build: string;
  /** Seconds that running activations get at the end. */
  drain: number;
  memory?: number;
  logLevel: PlatformLogLevel;
  log: (line: string) => void;
  onStart: () => void;
  onReady: (ready: Ready) => void;
  /** It has not come up in several attempts; more follow. */
  onTrouble: (how: string) => void;
}

const MAX_FAILURES = 3;

export function startHost(options: HostProcessOptions): SupervisedChild {
  let failures = 0;
  return keepRunning({
    command: process.execPath,
    args: [MAIN],
    env: {
      ...inherited(),
      EDGEWHISK_LOG_LEVEL: options.logLevel,
      // The token goes by environment: arguments can be read by every user of the machine.
      EDGEWHISK_TOKEN: options.token,
      EDGEWHISK_URL: options.url,
      EDGEWHISK_NAME: options.name,
      EDGEWHISK_ENGINE: options.engine,
      EDGEWHISK_STATE: join(options.state, "host"),
      EDGEWHISK_BUILD: options.build,
      EDGEWHISK_DRAIN: String(options.drain),
      EDGEWHISK_DIE_WITH_PARENT: "1",
      ...(options.memory === undefined ? {} : { EDGEWHISK_MEMORY: String(options.memory) }),
    },
    onStart: options.onStart,
    onLine(line) {
      const ready = Ready.safeParse(parsed(line));
      if (ready.success) {
        failures = 0;
        options.onReady(ready.data);
      } else options.log(hostLine(line));
    },
    onErrorLine: (line) => options.log(hostLine(line)),
    onEnd(how, pause) {
      options.log(`the runtime host ended (${how}); starting it again in ${pause} ms`);
      if (++failures === MAX_FAILURES) options.onTrouble(how);
    },
  });
}

/** Our own environment without npm's variables; the host's own settings (EDGEWHISK_IMAGE_TAG …) pass through. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("npm_"),
    ),
  );
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
