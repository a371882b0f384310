// The platform proves itself the way a user would: a hello action is created and invoked over the public API.

import { z } from "zod";

export interface Proof {
  result: string;
  /** ms of the first invocation, a cold start. */
  cold: number;
  /** ms, median of the invocations after it. */
  warm: number;
}

export type ProofReply = { ok: true; proof: Proof } | { ok: false; reason: string };

export const HELLO = "hello";

const CODE = `function main({ name = "world" }) {
  return { greeting: \`Hello, \${name}!\` };
}
`;

const Greeting = z.object({ greeting: z.string() });
const WARM_CALLS = 5;
/** Longest wait for one answer (ms). */
const PATIENCE = 60_000;

/** Leaves the action in place: the curl line that is printed next invokes it. */
export async function proveItself(url: string, key: string): Promise<ProofReply> {
  const headers = { authorization: basic(key), "content-type": "application/json" };
  const action = `${url}/api/v1/namespaces/_/actions/${HELLO}`;
  const call = (input: string, method: string, body: unknown) =>
    fetch(input, { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE) });
  try {
    const made = await call(`${action}?overwrite=true`, "PUT", { exec: { kind: "nodejs:default", code: CODE } });
    if (!made.ok) return { ok: false, reason: `creating the action: ${await refusal(made)}` };
    await made.body?.cancel();
    const times: number[] = [];
    let result = "";
    for (let round = 0; round <= WARM_CALLS; round++) {
      const began = performance.now();
      const answer = await call(`${action}?blocking=true&result=true`, "POST", { name: "edgewhisk" });
      if (answer.status !== 200) return { ok: false, reason: `invoking the action: ${await refusal(answer)}` };
      result = await answer.text();
      times.push(performance.now() - began);
    }
    const parsed = Greeting.safeParse(JSON.parse(result));
    if (parsed.data?.greeting !== "Hello, edgewhisk!")
      return { ok: false, reason: `unexpected result: ${result.slice(0, 200)}` };
    const [cold = 0, ...warm] = times;
    warm.sort((a, b) => a - b);
    return { ok: true, proof: { result, cold, warm: warm[warm.length >> 1] ?? 0 } };
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
}

export function basic(key: string): string {
  return `Basic ${Buffer.from(key).toString("base64")}`;
}

async function refusal(response: Response): Promise<string> {
  return `${response.status} ${(await response.text()).slice(0, 300)}`;
}
