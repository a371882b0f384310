// Whatever is sent, the platform answers: soon, never with a 500, errors as {error, code}, and it goes on serving.
// FUZZ_REQUESTS is how many; FUZZ_SEED and FUZZ_PATH, printed by a failure, replay it.

import { Agent, request as send } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FuzzRequest, fuzzRequest, NAMES, PACKAGE, RULES, TRIGGERS, withKey } from "./fuzz-requests.ts";
import { apiUrl, ask, code, ECHO, fresh, key, make, namespace, useApi } from "./suite.ts";

await useApi();

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? "300");
const SEED = Number(process.env.FUZZ_SEED ?? (process.env.EDGEWHISK_LONG === undefined ? "1" : Date.now() % 1e9));
/** ms without a whole answer, after which none is expected. */
const BOUND = 100_000;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

beforeAll(async () => {
  await tidy();
  const web = { annotations: [{ key: "web-export", value: true }] };
  await make(`packages/${PACKAGE}`, { publish: true });
  await make("packages/fuzz-bound", { binding: { namespace: namespace(1), name: PACKAGE } });
  for (const name of NAMES) {
    await make(`actions/${name}`, code(ECHO, web));
    await make(`actions/${PACKAGE}/${name}`, code(ECHO, web));
  }
  for (const name of TRIGGERS) await make(`triggers/${name}`, {});
  for (const name of RULES) await make(`rules/${name}`, { trigger: `/_/${TRIGGERS[0]}`, action: `/_/${NAMES[0]}` });
});

afterAll(async () => {
  agent.destroy();
  await tidy();
});

/** Earlier requests may have made anything of these names. */
async function tidy(): Promise<void> {
  for (const name of [...NAMES, PACKAGE, "fuzz-bound", ...TRIGGERS, ...RULES]) {
    await ask("DELETE", `packages/${name}?force=true`);
    for (const collection of ["actions", "triggers", "rules"]) await ask("DELETE", `${collection}/${name}`);
  }
}

it(
  `answers ${REQUESTS} senseless requests and goes on serving (seed ${SEED})`,
  async () => {
    const seen = new Map<number, number>();
    const property = fc.asyncProperty(fuzzRequest, async (request) => {
      const answer = await deliver(withKey(request, key(1)));
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      const fault = faultOf(request, answer);
      if (fault !== null) throw new Error(`${fault}\n${answer.status} ${answer.text.slice(0, 500)}`);
    });
    const path = process.env.FUZZ_PATH;
    await fc.assert(property, {
      seed: SEED,
      numRuns: REQUESTS,
      includeErrorInReport: true,
      ...(path === undefined ? {} : { path }),
    });
    console.log(`seed ${SEED}, answers: ${JSON.stringify(Object.fromEntries(seen))}`);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    const name = fresh("fuzz-witness");
    await make(`actions/${name}`, code(ECHO));
    expect((await ask("POST", `actions/${name}?blocking=true&result=true`, { body: { n: 1 } })).json).toEqual({ n: 1 });
  },
  300_000 + REQUESTS * 600,
);

it("answers a client that is still sending what nobody wants to read", async () => {
  const authorization = `Basic ${Buffer.from(key(1)).toString("base64")}`;
  const actions = "/api/v1/namespaces/_/actions";
  const body = " ".repeat(3 * 1024 * 1024);
  for (const chunked of [false, true])
    for (const [method, path, headers, status] of [
      ["GET", actions, { authorization }, 200],
      ["GET", "/ping", {}, 200],
      ["PUT", `${actions}/nobody`, {}, 401],
      ["POST", `${actions}/nobody`, { authorization, "content-type": "application/json" }, 413],
      ["DELETE", `${actions}/nobody`, { authorization }, 404],
      ["PATCH", `${actions}/nobody`, { authorization }, 405],
      ["POST", `/api/v1/web/${namespace(1)}/default/nobody`, {}, 404],
      ["GET", `${actions}?${"x".repeat(9_000)}`, { authorization }, 414],
    ] as const)
      for (let again = 0; again < 3; again++) {
        const answer = await deliver({ method, path, headers: { ...headers }, body, chunked });
        expect([method, path, chunked, answer.status]).toEqual([method, path, chunked, status]);
      }
});

interface Reply {
  status: number;
  id: string | undefined;
  activation: string | undefined;
  text: string;
}

function faultOf({ method, path }: FuzzRequest, { status, id, activation, text }: Reply): string | null {
  if (status === 500) return "a 500";
  if (id === undefined) return "no X-Request-ID";
  if (status < 400 || method === "HEAD") return null;
  // What an action itself says is not ours to judge; nor is the record that a failed call answers.
  if (activation !== undefined && (status === 502 || path.startsWith("/api/v1/web/"))) return null;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return "an error that is not JSON";
  }
  const { error, code } = body as Record<string, unknown>;
  return typeof error === "string" && error !== "" && typeof code === "string"
    ? null
    : "an error without error and code";
}

/** By hand, because fetch tidies paths. Rejects if there is no whole answer in time. */
function deliver({ method, path, headers, body, chunked }: FuzzRequest): Promise<Reply> {
  const { hostname, port, protocol } = new URL(apiUrl());
  if (protocol !== "http:") throw new Error("the fuzz speaks plain HTTP only");
  const bytes = body === null ? null : Buffer.from(body, "latin1");
  const length =
    bytes === null ? {} : chunked ? { "transfer-encoding": "chunked" } : { "content-length": String(bytes.length) };
  return new Promise((resolve, reject) => {
    const request = send({ hostname, port, method, path, agent, headers: { ...headers, ...length } });
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${BOUND} ms`)), BOUND);
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.on("response", async (response) => {
      const parts: Buffer[] | null = await response.toArray().catch(() => null);
      clearTimeout(timer);
      if (parts === null) return reject(new Error("the answer broke off"));
      const text = Buffer.concat(parts).toString();
      resolve({
        status: response.statusCode ?? 0,
        id: response.headers["x-request-id"] as string | undefined,
        activation: response.headers["x-openwhisk-activation-id"] as string | undefined,
        text,
      });
    });
    request.end(bytes ?? undefined);
  });
}
