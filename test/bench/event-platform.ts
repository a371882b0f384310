// What all measures of events stand on: one platform, the calls that make triggers and feeds,
// and how many records there are.

import { setTimeout as sleep } from "node:timers/promises";
import { basic, GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { type Call, connect, send } from "./load.ts";

export const HEADERS = { authorization: basic(GUEST), "content-type": "application/json" };
export const BASE = "/api/v1/namespaces/_";
/** ms between two looks at how many there are, and after which nobody waits any more. */
const LOOK_MS = 50;
const PATIENCE_MS = 180_000;

/** One row of the table. `target`: what it should be, or "". */
export interface Row {
  what: string;
  figure: string;
  target: string;
}

export interface EventPlatform {
  platform: Platform;
  callers: ReturnType<typeof connect>;
  ask(method: Call["method"], path: string, body?: object): Promise<string>;
  /** A trigger with a rule for an action that returns at once. */
  trigger(name: string): Promise<void>;
  feed(kind: string, event: string, asked: { trigger: string; params?: object }): Promise<string>;
  recorded(trigger: string): Promise<number>;
  /** Resolves when the trigger has `count` records. */
  whenRecorded(trigger: string, count: number): Promise<void>;
  close(): Promise<void>;
}

/** `kind`: package and action, as in alarms/once. */
export async function startEventPlatform(): Promise<EventPlatform> {
  const platform = await startPlatform({ engine: "process", env: { EDGEWHISK_BROKER_NET: "127.0.0.1" } });
  const callers = connect(platform.url, 16);
  const side = connect(platform.url, 8);

  async function ask(method: Call["method"], path: string, body?: object): Promise<string> {
    const { status, text } = await send(side, {
      ...{ method, path, headers: HEADERS },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
    return text;
  }

  async function recorded(trigger: string): Promise<number> {
    return JSON.parse(await ask("GET", `${BASE}/activations?name=${trigger}&count=true`)).activations;
  }

  return {
    ...{ platform, callers, ask, recorded },
    async trigger(name) {
      await ask("PUT", `${BASE}/triggers/${name}`, {});
      await ask("PUT", `${BASE}/rules/${name}-rule`, { trigger: `/_/${name}`, action: "/whisk.system/utils/echo" });
    },
    feed: (kind, lifecycleEvent, { trigger, params = {} }) =>
      ask("POST", `/api/v1/namespaces/whisk.system/actions/${kind}?blocking=true&result=true`, {
        ...{ ...params, lifecycleEvent, triggerName: `/_/${trigger}` },
      }),
    async whenRecorded(trigger, count) {
      const end = performance.now() + PATIENCE_MS;
      for (let now = -1; now < count; ) {
        await sleep(LOOK_MS);
        now = await recorded(trigger);
        if (performance.now() > end) throw new Error(`${trigger}: ${now} records of ${count}`);
      }
    },
    async close() {
      await Promise.all([callers.close(), side.close(), platform.stop()]);
    },
  };
}

export function note(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
