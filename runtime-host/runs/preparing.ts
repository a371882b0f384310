// What the host does with `prepare`: the containers are asked, and what became of it is told.

import type { CodeCache } from "../container/code-cache.ts";
import type { CodeSource, Containers, Job } from "../container/contract.ts";
import type { PrepareMessage, RunMessage } from "../link/messages.ts";
import type { SchedulerLink } from "../link/scheduler-link.ts";
import { type Logger, reasonOf } from "../program/logger.ts";
import { contextOf } from "./run.ts";

/** The code of a call, loaded where it is needed. */
export function codeOf(
  { invocation }: Pick<RunMessage, "invocation">,
  cache: Pick<CodeCache, "get">,
): CodeSource | undefined {
  const { code } = invocation.exec;
  return code === undefined ? undefined : { hash: code.hash, size: code.size, load: () => cache.get(code) };
}

/** Answers soon; never rejects. `unhealthy`: why nothing new should be made here, or null. */
export async function prepare(
  message: PrepareMessage,
  options: {
    containers: Containers;
    code: Pick<CodeCache, "get">;
    unhealthy: string | null;
    link: Pick<SchedulerLink, "send">;
    log: Logger;
  },
): Promise<void> {
  const { ask, wait } = message;
  const { containers, code, unhealthy, link, log } = options;
  try {
    const found =
      containers.prepare === undefined || unhealthy !== null
        ? { there: false as const, have: 0, reason: unhealthy ?? "the host prepares nothing" }
        : await containers.prepare(jobOf(message, code), { waitMs: wait });
    link.send({ t: "prepared", ask, ...(found.there ? {} : { have: found.have, reason: found.reason }) });
  } catch (error) {
    log.error("prepare.threw", { action: message.invocation.about.path, reason: reasonOf(error) });
  }
}

/** What /init is to be given. The action learns of no activation: there is none. */
function jobOf(message: PrepareMessage, cache: Pick<CodeCache, "get">): Job {
  const { id, about, exec, revision, initEnv = {} } = message.invocation;
  const { activation_id: _, transaction_id: __, ...context } = contextOf(message);
  const code = codeOf(message, cache);
  return {
    ...{ id, attempt: 1, namespaceId: about.namespaceId, path: about.path, revision, kind: exec.kind },
    ...(exec.image === undefined ? {} : { image: exec.image }),
    ...(exec.main === undefined ? {} : { main: exec.main }),
    ...{ binary: exec.binary, limits: about.limits, args: "{}", context, initEnv },
    ...(code === undefined ? {} : { code }),
  };
}
