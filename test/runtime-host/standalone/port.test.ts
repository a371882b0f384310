// Whether an address can be listened on: the answer is a sentence, and a port that is being let go of is waited for.

import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterEach, expect, it } from "vitest";
import { assertFree } from "../../../runtime-host/standalone/port.ts";

let server: Server | null = null;
afterEach(() => server?.close());

async function taken(): Promise<{ host: string; port: number }> {
  const listening = createServer();
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return { host: "127.0.0.1", port: (listening.address() as AddressInfo).port };
}

it("is refused where somebody listens, and taken where nobody does", async () => {
  const address = await taken();
  await expect(assertFree(address, 0)).rejects.toThrow(
    `Port ${address.port} on 127.0.0.1 is taken: stop what uses it, or choose another with --port.`,
  );
  await new Promise((resolve) => server?.close(resolve));
  await expect(assertFree(address, 0)).resolves.toBeUndefined();
});

it("is waited for where a dead start is still letting go of it", async () => {
  const address = await taken();
  const free = assertFree(address, 10_000);
  setImmediate(() => server?.close());
  await expect(free).resolves.toBeUndefined();
});

it("names an address that is none of this machine's", async () => {
  await expect(assertFree({ host: "192.0.2.1", port: 0 }, 0)).rejects.toThrow(
    "Port 0 on 192.0.2.1 cannot be listened on (EADDRNOTAVAIL): choose another address with --host.",
  );
});
