// The platform proves itself the way a user would: an action is created, invoked and deleted over the public API, in a
// namespace of its own that keeps no records, so that nothing of it is seen among what users have made.

import { setTimeout as sleep } from "node:timers/promises";
import pRetry from "p-retry";
import * as z from "zod";
import { PROOF_NAMESPACE } from "../../src/entities/names.ts";
import type { AdminClient } from "../client/admin-client.ts";
import { retry } from "../client/retry.ts";
import { causesOf, StartFailure } from "./failure.ts";
import { newKey } from "./identity.ts";
import type { State } from "./state.ts";

export interface Proof {
  result: string;
  /** ms of the first invocation, a cold start. */
  cold: number;
  /** ms, median of the invocations after it. */
  warm: number;
}

/** `unreached`: the platform did not answer, or not now; else it answered otherwise than it should. `unknownKey`: it
 * does not take the key. `waits`: it has taken the call, and no host runs it. */
type ProofReply =
  | { ok: true; proof: Proof }
  | { ok: false; reason: string; unreached: boolean; unknownKey?: boolean; waits?: boolean };

type ProofAdmin = Pick<
  AdminClient,
  "createIdentity" | "unblockIdentity" | "removeIdentity" | "setLimits" | "illnesses"
>;

class CutOff extends Error {
  readonly reply: Extract<ProofReply, { ok: false }>;
  constructor(reply: Extract<ProofReply, { ok: false }>) {
    super(reply.reason);
    this.reply = reply;
  }
}

const ACTION = "hello";
const CODE = `function main({ name = "world" }) {
  return { greeting: \`Hello, \${name}!\` };
}
`;

const Greeting = z.object({ greeting: z.string() });
const WARM_CALLS = 5;
/** No counts: those of other namespaces do not hold for it (src/entities/throttle.ts). */
const LIMITS = { storeActivations: false };
/** Longest wait for one answer. */
const MAX_WAIT_MS = 60_000;
/** How often it is begun, where the platform's process is killed in the middle of it. */
const MAX_PROOFS = 3;
const PAUSE_MS = 500;
/** Longest time to learn why it waits. */
const MAX_REASON_MS = 10_000;

/** Throws StartFailure where the platform does not do what it is for. */
export async function provenPlatform(
  url: string,
  { state, admin, log }: { state: State; admin: ProofAdmin; log: (line: string) => void },
): Promise<Proof> {
  let reply = await proofBy(url, { key: await proofKey(state, admin), log });
  if (!reply.ok && reply.unknownKey === true) {
    // Somebody has rotated its key, or blocked its subject.
    log("the proof's key was taken from it; it gets another one");
    await retry(() => admin.unblockIdentity(PROOF_NAMESPACE));
    await retry(() => admin.removeIdentity(PROOF_NAMESPACE));
    state.save({ proofKey: newKey() });
    reply = await proofBy(url, { key: await proofKey(state, admin), log });
  }
  if (reply.ok) return reply.proof;
  const ill = reply.waits === true ? await admin.illnesses() : undefined;
  const why = ill?.ok === true && ill.value.length > 0 ? ` (${ill.value.join("; ")})` : "";
  throw new StartFailure(`The hello action did not run: ${reply.reason}${why}.`);
}

function proofBy(url: string, { key, log }: { key: string; log: (line: string) => void }): Promise<ProofReply> {
  return pRetry(
    async () => {
      const tried = await proveItself(url, key);
      // Thrown only to be tried again: the last one is taken as it is.
      if (!tried.ok && tried.unreached) throw new CutOff(tried);
      return tried;
    },
    {
      retries: MAX_PROOFS - 1,
      minTimeout: PAUSE_MS,
      shouldRetry: ({ error }) => error instanceof CutOff,
      onFailedAttempt: ({ error, retriesLeft }) => {
        if (retriesLeft > 0) log(`the proof was cut off (${error.message}); once more`);
      },
    },
  ).catch((error: unknown) => {
    if (error instanceof CutOff) return error.reply;
    throw error;
  });
}

/** The key of the proof's namespace, made at the first start. It is kept before it is used: a start that dies in
 * between finds it again. */
async function proofKey(state: State, admin: ProofAdmin): Promise<string> {
  const key = state.secrets.proofKey ?? newKey();
  if (state.secrets.proofKey === undefined) state.save({ proofKey: key });
  const made = await retry(() => admin.createIdentity(PROOF_NAMESPACE, { key, limits: LIMITS }));
  if (!made.ok && made.status !== 409) throw new StartFailure(`The proof got no namespace: ${made.reason}.`);
  const limited = made.ok ? made : await retry(() => admin.setLimits(PROOF_NAMESPACE, LIMITS));
  if (!limited.ok) throw new StartFailure(`The proof's namespace got no limits: ${limited.reason}.`);
  return key;
}

async function proveItself(url: string, key: string): Promise<ProofReply> {
  const headers = { authorization: basic(key), "content-type": "application/json" };
  const action = `${url}/api/v1/namespaces/_/actions/${ACTION}`;
  const call = (input: string, method: string, body: unknown) =>
    fetch(input, { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(MAX_WAIT_MS) });
  try {
    const made = await call(`${action}?overwrite=true`, "PUT", { exec: { kind: "nodejs:default", code: CODE } });
    if (!made.ok) return refused("creating", made);
    await made.body?.cancel();
    const times: number[] = [];
    let result = "";
    for (let round = 0; round <= WARM_CALLS; round++) {
      const began = performance.now();
      const answer = await call(`${action}?blocking=true&result=true`, "POST", { name: "edgewhisk" });
      if (answer.status !== 200) return refused("invoking", answer);
      result = await answer.text();
      times.push(performance.now() - began);
    }
    const gone = await call(action, "DELETE", undefined);
    if (!gone.ok) return refused("deleting", gone);
    await gone.body?.cancel();
    const parsed = Greeting.safeParse(JSON.parse(result));
    if (parsed.data?.greeting !== "Hello, edgewhisk!")
      return { ok: false, unreached: false, reason: `unexpected result: ${result.slice(0, 200)}` };
    const [cold = 0, ...warm] = times;
    warm.sort((a, b) => a - b);
    return { ok: true, proof: { result, cold, warm: warm[warm.length >> 1] ?? 0 } };
  } catch (error) {
    const waits = (error as Error).name === "TimeoutError" ? await whyItWaits(action, headers) : undefined;
    if (waits !== undefined) return { ok: false, unreached: false, waits: true, reason: `it waits: ${waits}` };
    return { ok: false, unreached: true, reason: causesOf(error) };
  }
}

const Accepted = z.object({ activationId: z.string() });
const Waiting = z.object({ waiting: z.object({ reason: z.string() }) });

/** What the platform says of a call that it has taken and no host runs. Undefined if nothing. */
async function whyItWaits(action: string, headers: Record<string, string>): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(MAX_REASON_MS);
    const taken = await fetch(action, { method: "POST", headers, body: "{}", signal });
    const { activationId } = Accepted.parse(await taken.json());
    const asked = `${new URL("../activations/", action)}${activationId}`;
    for (;;) {
      const told = Waiting.safeParse(await (await fetch(asked, { headers, signal })).json());
      if (told.success) return told.data.waiting.reason;
      await sleep(PAUSE_MS);
    }
  } catch {
    // Nobody answers that either: then it was cut off.
    return undefined;
  }
}

export function basic(key: string): string {
  return `Basic ${Buffer.from(key).toString("base64")}`;
}

async function refused(doing: string, answer: Response): Promise<ProofReply> {
  const { status } = answer;
  const text = (await answer.text()).slice(0, 300);
  const reason = `${doing} the action: ${status} ${text}`;
  return { ok: false, unreached: status === 503, unknownKey: status === 401, reason };
}
