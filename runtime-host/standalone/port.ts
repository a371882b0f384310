// Whether an address can be listened on, asked before anything is built: the answer is one sentence instead of a crash.

import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { StartFailure } from "./failure.ts";

/** Throws StartFailure if not. `patience` (ms): how long a port may stay taken, where a dead start is still letting
 * go of it. `flag`: what chooses another. */
export async function assertFree(
  address: { host: string; port: number },
  patience: number,
  flag = "--port",
): Promise<void> {
  const { host, port } = address;
  const until = Date.now() + patience;
  for (;;) {
    const code = await tryListening(host, port);
    if (code === null) return;
    if (code === "EADDRINUSE" && Date.now() < until) {
      await sleep(100);
      continue;
    }
    const why =
      code === "EADDRINUSE"
        ? `is taken: stop what uses it, or choose another with ${flag}`
        : code === "EACCES"
          ? `may not be used by this user: choose one above 1023 with ${flag}`
          : `cannot be listened on (${code}): choose another address with --host`;
    throw new StartFailure(`Port ${port} on ${host} ${why}.`);
  }
}

function tryListening(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
