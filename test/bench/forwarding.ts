// `npm run bench -- forwarding`: what a hook that takes each record of a namespace costs its blocking calls. One
// platform, one caller; spells with the hook and without it take turns, so that the machine's moods meet both.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { median } from "./load.ts";

const { values } = parseArgs({
  // A spell is longer than records wait for company before they are sent.
  options: { pairs: { type: "string", default: "8" }, ms: { type: "string", default: "5000" } },
});

let received = 0;
const receiver = createServer((request, response) => {
  received++;
  request.resume().on("end", () => response.end());
});
await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
const { port } = receiver.address() as AddressInfo;
const platform = await startPlatform({ engine: "process", flags: ["--outbound-allow", "127.0.0.1/32"] });
try {
  await put("/api/v1/namespaces/_/actions/noop", guest(), {
    exec: { kind: "nodejs:default", code: "function main() { return {}; }" },
  });
  await spell();
  const off: number[] = [];
  const on: number[] = [];
  const ratios: number[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    await hook(false);
    const without = median(await spell());
    await hook(true);
    const beside = median(await spell());
    off.push(without);
    on.push(beside);
    ratios.push(beside / without);
  }
  console.log("| median of pairs | without a hook | with one | ratio |\n|---|---|---|---|");
  const [one, other, ratio] = [off, on, ratios].map((each) => median(each).toFixed(2));
  console.log(`| warm blocking call, 1 caller, p50, ms | ${one} | ${other} | ${ratio} |`);
  console.error(`${received} batches were received`);
  if (received === 0) throw new Error("no batch came: the spells are too short to measure anything (--ms)");
} finally {
  await platform.stop();
  receiver.closeAllConnections();
  receiver.close();
}

function guest(): string {
  return `Basic ${Buffer.from(GUEST).toString("base64")}`;
}

async function hook(isOn: boolean): Promise<void> {
  const { adminToken } = JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8"));
  const path = "/admin/v1/namespaces/guest/forwarding";
  const authorization = `Bearer ${adminToken}`;
  if (isOn) return put(path, authorization, { url: `http://127.0.0.1:${port}/` });
  const answer = await fetch(platform.url + path, { method: "DELETE", headers: { authorization } });
  await answer.text();
}

async function put(path: string, authorization: string, body: object): Promise<void> {
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(platform.url + path, { method: "PUT", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
}

/** ms of each call. */
async function spell(): Promise<number[]> {
  const { url }: Pick<Platform, "url"> = platform;
  const samples: number[] = [];
  for (const end = performance.now() + Number(values.ms); performance.now() < end; ) {
    const began = performance.now();
    const answer = await fetch(`${url}/api/v1/namespaces/_/actions/noop?blocking=true`, {
      ...{ method: "POST", headers: { authorization: guest(), "content-type": "application/json" }, body: "{}" },
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
    samples.push(performance.now() - began);
  }
  return samples;
}
