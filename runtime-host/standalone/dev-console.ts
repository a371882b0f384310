// The console's port under `wrangler dev`, which has one port only: what comes in here is passed on there as it came.
// The Worker knows by the host's name and port whose it is.

import { createServer, request } from "node:http";
import { StartFailure } from "./failure.ts";

export interface DevConsole {
  port: number;
  /** For the Worker's variable CONSOLE_HOST. */
  hosts: string;
  close(): Promise<void>;
}

/** `to`: where wrangler serves. `anyPort`: another port does where this one is taken; else throws StartFailure. */
export async function startDevConsole(options: {
  host: string;
  port: number;
  anyPort: boolean;
  to: { host: string; port: number };
}): Promise<DevConsole> {
  const { host, to } = options;
  const server = createServer((asked, answer) => {
    const passed = request({ ...to, method: asked.method, path: asked.url, headers: asked.headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    passed.on("error", () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()));
    answer.on("close", () => passed.destroy());
    asked.pipe(passed);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  await listen(options.port).catch((error: NodeJS.ErrnoException) => {
    if (options.anyPort && error.code === "EADDRINUSE") return listen(0);
    throw new StartFailure(
      `Port ${options.port} on ${host} cannot be listened on (${error.code}): see --console-port.`,
    );
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the console has no port");
  const names = [host.includes(":") ? `[${host}]` : host, "localhost"];
  return {
    port: address.port,
    hosts: names.map((name) => `${name}:${address.port}`).join(","),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
