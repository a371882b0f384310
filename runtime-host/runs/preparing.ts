// What the host does with `prepare` and `list`: the containers are asked, and what became of it is told.

import type { CodeCache } from "../container/code-cache.ts";
import type { CodeSource, Containers, Job } from "../container/contract.ts";
import type { ListMessage, PrepareMessage, RunMessage } from "../link/messages.ts";
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

interface Asked {
  containers: Containers;
  code: Pick<CodeCache, "get">;
  /** Why nothing new should be made here, or null. */
  unhealthy: string | null;
  link: Pick<SchedulerLink, "send">;
  log: Logger;
}

/** Answers soon. */
export function askContainers(message: PrepareMessage | ListMessage, options: Asked): void {
  if (message.t === "list") list(message, options);
  else void prepare(message, options);
}

/** Never rejects. */
async function prepare(message: PrepareMessage, options: Asked): Promise<void> {
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

/** Which containers run nothing. */
function list({ ask }: ListMessage, { containers, link }: Asked): void {
  const { items, more } = containers.idle?.() ?? { items: [], more: false };
  link.send({ t: "listed", ask, idle: items, more });
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
