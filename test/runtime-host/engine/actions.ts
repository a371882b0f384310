// Containers opened on a real engine, and jobs for them that are written as source text.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answer, Containers, Job, Logs } from "../../../runtime-host/container/contract.ts";
import type { ContainersOptions } from "../../../runtime-host/pool/open.ts";
import { openContainers } from "../../../runtime-host/pool/open.ts";
import { idOf, silent } from "../support.ts";

export interface Ran {
  answer: Answer;
  logs: Logs;
  /** The log lines without time. */
  lines: string[];
}

export interface Bench {
  containers: Containers;
  /** The kind of this family that can run here. */
  kind(family: "nodejs" | "python" | "native"): string;
  run(job: Job): Promise<Ran>;
  close(): Promise<void>;
}

let opened = 0;

export async function openBench(
  options: Partial<ContainersOptions> & Pick<ContainersOptions, "engine">,
): Promise<Bench> {
  const state = mkdtempSync(join(tmpdir(), "edgewhisk-engine-"));
  const containers = await openContainers({
    name: `test-${process.pid}-${++opened}`,
    state,
    apiUrl: "http://127.0.0.1:9",
    memory: 4096,
    images: { prefix: "edgewhisk/action-", tag: "" },
    prewarm: [],
    container: { pids: 128, cpuShares: 0, idleTimeout: 600_000, pauseGrace: 60_000, max: 50 },
    log: silent,
    changed() {},
    ...options,
  });
  return {
    containers,
    kind(family) {
      const found = containers.runtimes().findLast((each) => each.kind.split(":", 1)[0] === family);
      if (found === undefined) throw new Error(`no ${family} runtime here`);
      return found.kind;
    },
    run: (job) => runOn(containers, job),
    async close() {
      await containers.stop({ fast: false });
      rmSync(state, { recursive: true, force: true });
    },
  };
}

export function runOn(containers: Containers, job: Job): Promise<Ran> {
  return new Promise((resolve, reject) => {
    let answer: Answer | null = null;
    containers.run(job, {
      answered(_job, given) {
        if (answer !== null) reject(new Error("answered twice"));
        answer = given;
      },
      collected(_job, logs) {
        if (answer === null) return reject(new Error("logs before the answer"));
        const lines = (JSON.parse(logs.lines) as string[]).map((line) => line.slice(31));
        resolve({ answer, logs, lines });
      },
      refused: (_job, reason) => reject(new Error(`refused: ${reason}`)),
    });
  });
}

let made = 0;

/** `source`: a nodejs action unless `kind` says otherwise. */
export function jobOf(
  kind: string,
  source: string,
  changes: Partial<Omit<Job, "limits">> & { limits?: Partial<Job["limits"]> } = {},
): Job {
  const id = idOf(++made);
  const { limits, ...rest } = changes;
  return {
    id,
    attempt: 1,
    namespaceId: "23bc46b1-71f6-4ed5-8c54-816aa4f8c502",
    path: `guest/action-${made}`,
    revision: "1",
    kind,
    binary: false,
    code: { hash: String(made), size: source.length, load: async () => Buffer.from(source) },
    limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1, ...limits },
    args: '{"name":"world"}',
    context: { namespace: "guest", action_name: "/guest/hello", activation_id: id, transaction_id: "t" },
    initEnv: {},
    ...rest,
  };
}

export function errorOf(ran: Ran): string {
  return (JSON.parse(ran.answer.outcome.result) as { error: string }).error;
}
