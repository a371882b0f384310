// Two Workers over one storage: what is written through one is in force at the next call through the other, though both
// remember what they have read. Every case calls first, so that the second Worker has something to forget.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pacedMs, slowness } from "../support/machine-pace.ts";
import { basic, GUEST, SYSTEM } from "../support/platform.ts";
import { ADMIN_TOKEN, startTwoWorkers, type TwoWorkers } from "../support/two-workers.ts";

let workers: TwoWorkers;
let counter = 0;
const fresh = () => `thing-${counter++}`;
const foreign = (path: string) => `/api/v1/namespaces/guest/${path}`;

beforeAll(async () => {
  workers = await startTwoWorkers();
});
afterAll(async () => workers?.stop());

interface Ask {
  body?: object;
  key?: string | null;
}

async function ask(url: string, method: string, path: string, { body, key = GUEST }: Ask = {}) {
  const answer = await fetch(`${url}${path.startsWith("/") ? path : `/api/v1/namespaces/_/${path}`}`, {
    method,
    headers: { "content-type": "application/json", ...(key === null ? {} : { authorization: basic(key) }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, text };
}

/** Through the first Worker. */
async function put(path: string, body: object) {
  const { status, text } = await ask(workers.one, "PUT", `${path}?overwrite=true`, { body });
  expect([status, text]).toEqual([200, text]);
}

/** Through the second, again and again: the later ones come from its memory. */
async function call(path: string, options: Ask = {}) {
  const asked = path.includes("/web/") ? path : `${path}?blocking=true&result=true`;
  return ask(workers.two, path.includes("/web/") ? "GET" : "POST", asked, { body: {}, ...options });
}

function web(path: string) {
  return ask(workers.two, "GET", `/api/v1/web/guest/${path}`, { key: null });
}

function code(result: string, more: object = {}) {
  return { exec: { kind: "nodejs:default", code: `function main() { return ${result}; }` }, ...more };
}

const EXPORTED = [{ key: "web-export", value: true }];

it("the metrics of both Workers are one sum, whichever is asked", async () => {
  const requests = async (url: string) => {
    const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    return Number(/^edgewhisk_http_requests_total\{method="PATCH",status="405"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  for (const url of [workers.one, workers.two, workers.two]) {
    expect((await ask(url, "PATCH", "actions/nothing", { body: {} })).status).toBe(405);
  }
  for (const url of [workers.one, workers.two]) await expect.poll(() => requests(url)).toBe(3);
});

describe("through the other Worker, at once", () => {
  it("an update of an action is in force", async () => {
    const name = fresh();
    for (let version = 1; version <= 5; version++) {
      await put(`actions/${name}`, code(`{ version: ${version} }`));
      for (let times = 0; times < 3; times++) {
        expect(JSON.parse((await call(`actions/${name}`)).text)).toEqual({ version });
      }
    }
  });

  it("a deleted action is gone, and a new one of its name is new", async () => {
    const name = fresh();
    await put(`actions/${name}`, code("{ old: true }"));
    expect((await call(`actions/${name}`)).status).toBe(200);
    await ask(workers.one, "DELETE", `actions/${name}`);
    expect((await call(`actions/${name}`)).status).toBe(404);
    await put(`actions/${name}`, code("{ old: false }"));
    expect(JSON.parse((await call(`actions/${name}`)).text)).toEqual({ old: false });
  });

  it("a name that meant nothing means something, and nothing again", async () => {
    const name = fresh();
    for (let round = 0; round < 2; round++) {
      for (let times = 0; times < 3; times++) expect((await call(`actions/${name}`)).status).toBe(404);
      await put(`actions/${name}`, code("{}"));
      for (let times = 0; times < 3; times++) expect((await call(`actions/${name}`)).status).toBe(200);
      await ask(workers.one, "DELETE", `actions/${name}`);
    }
  });

  it("a rule is followed, switched off, switched on, led elsewhere and gone", async () => {
    const [trigger, rule, first, second] = [fresh(), fresh(), fresh(), fresh()];
    for (const name of [first, second]) await put(`actions/${name}`, code("{}"));
    await put(`triggers/${trigger}`, {});
    const status = async () => (await ask(workers.two, "POST", `triggers/${trigger}`, { body: {} })).status;
    for (let times = 0; times < 3; times++) expect(await status()).toBe(204);
    await put(`rules/${rule}`, { trigger: `/_/${trigger}`, action: `/_/${first}` });
    for (let times = 0; times < 3; times++) expect(await status()).toBe(202);
    await ask(workers.one, "POST", `rules/${rule}`, { body: { status: "inactive" } });
    for (let times = 0; times < 3; times++) expect(await status()).toBe(204);
    await ask(workers.one, "POST", `rules/${rule}`, { body: { status: "active" } });
    expect(await status()).toBe(202);
    await put(`rules/${rule}`, { trigger: `/_/${trigger}`, action: `/_/${second}` });
    const { text } = await ask(workers.two, "POST", `triggers/${trigger}`, { body: {} });
    const path = `activations/${JSON.parse(text).activationId}/logs`;
    await expect.poll(async () => (await ask(workers.two, "GET", path)).text).toContain(second);
    await ask(workers.one, "DELETE", `rules/${rule}`);
    expect(await status()).toBe(204);
    await ask(workers.one, "DELETE", `triggers/${trigger}`);
    expect(await status()).toBe(404);
  });

  it("an un-exported action is no page any more, and one that asks for a secret is closed", async () => {
    const name = fresh();
    await put(`actions/${name}`, code('{ body: "open" }', { annotations: EXPORTED }));
    for (let times = 0; times < 3; times++) {
      expect(await web(`default/${name}`)).toEqual({ status: 200, text: "open" });
    }
    await put(`actions/${name}`, { annotations: [{ key: "require-whisk-auth", value: "secret" }] });
    expect((await web(`default/${name}`)).status).toBe(401);
    await put(`actions/${name}`, { annotations: [{ key: "web-export", value: false }] });
    expect((await web(`default/${name}`)).status).toBe(404);
  });

  it("a package that is not published any more is closed, directly and through bindings, and open again when it is", async () => {
    const bundle = fresh();
    const bound = fresh();
    await put(`packages/${bundle}`, { publish: true });
    await put(`actions/${bundle}/act`, code("{ ran: true }"));
    const options = { key: SYSTEM };
    const body = { binding: { namespace: "guest", name: bundle } };
    expect((await ask(workers.two, "PUT", `packages/${bound}`, { body, ...options })).status).toBe(200);
    for (const publish of [true, false, true]) {
      await put(`packages/${bundle}`, { publish });
      for (const path of [foreign(`actions/${bundle}/act`), `actions/${bound}/act`]) {
        for (let times = 0; times < 2; times++) {
          expect([path, (await call(path, options)).status]).toEqual([path, publish ? 200 : 403]);
        }
      }
    }
  });

  it("parameters of a package and of a binding over it are what they were last set to", async () => {
    const bundle = fresh();
    const bound = fresh();
    const value = (of: string, n: number) => ({ parameters: [{ key: of, value: n }] });
    await put(`packages/${bundle}`, value("bundle", 0));
    await put(`actions/${bundle}/act`, { exec: { kind: "nodejs:default", code: "function main(a) { return a; }" } });
    await put(`packages/${bound}`, { binding: { namespace: "_", name: bundle }, ...value("bound", 0) });
    for (let n = 1; n <= 3; n++) {
      await put(`packages/${bundle}`, value("bundle", n));
      expect(JSON.parse((await call(`actions/${bound}/act`)).text)).toEqual({ bundle: n, bound: n - 1 });
      await put(`packages/${bound}`, value("bound", n));
      expect(JSON.parse((await call(`actions/${bound}/act`)).text)).toEqual({ bundle: n, bound: n });
    }
  });

  it("a binding moved to another package shows the other one", async () => {
    const [first, second, bound] = [fresh(), fresh(), fresh()];
    for (const name of [first, second]) {
      await put(`packages/${name}`, {});
      await put(`actions/${name}/act`, code(`{ from: "${name}" }`));
    }
    for (const name of [first, second, first]) {
      await put(`packages/${bound}`, { binding: { namespace: "_", name } });
      expect(JSON.parse((await call(`actions/${bound}/act`)).text)).toEqual({ from: name });
    }
  });

  it("a package deleted with all it holds serves nobody", async () => {
    const bundle = fresh();
    await put(`packages/${bundle}`, { publish: true });
    await put(`actions/${bundle}/act`, code('{ body: "page" }', { annotations: EXPORTED }));
    expect((await call(foreign(`actions/${bundle}/act`), { key: SYSTEM })).status).toBe(200);
    expect((await web(`${bundle}/act`)).status).toBe(200);
    expect((await ask(workers.one, "DELETE", `packages/${bundle}?force=true`)).status).toBe(200);
    expect((await call(`actions/${bundle}/act`)).status).toBe(404);
    expect((await call(foreign(`actions/${bundle}/act`), { key: SYSTEM })).status).toBe(403);
    expect((await web(`${bundle}/act`)).status).toBe(404);
  });

  it("what somebody stores over a built-in action takes its place, until it is deleted", async () => {
    const echo = "/api/v1/namespaces/whisk.system/actions/utils/echo";
    const run = async () => JSON.parse((await call(echo)).text);
    expect(await run()).toEqual({});
    const options = { key: SYSTEM, body: code("{ mine: true }") };
    expect((await ask(workers.one, "PUT", "actions/utils/echo?overwrite=true", options)).status).toBe(200);
    expect(await run()).toEqual({ mine: true });
    expect((await ask(workers.one, "DELETE", "actions/utils/echo", { key: SYSTEM })).status).toBe(200);
    expect(await run()).toEqual({});
  });
});

it("while one Worker updates without pause, the other never shows an older version after a newer one", async () => {
  const name = fresh();
  let written = 0;
  let done = false;
  await put(`packages/${name}`, { parameters: [{ key: "n", value: 0 }] });
  await put(`packages/${name}-b`, { binding: { namespace: "whisk.system", name: "utils" } });
  const writer = (async () => {
    while (!done) {
      await put(`packages/${name}-b`, { parameters: [{ key: "n", value: written + 1 }] });
      written++;
    }
  })();
  let seen = 0;
  // An update waits for what others may still remember: how many there are in sixty rounds hangs on the machine.
  for (let round = 0; round < 60 || (seen < 2 && written < 100); round++) {
    const before = written;
    const { text } = await call(`actions/${name}-b/echo`);
    const { n = 0 } = JSON.parse(text) as { n?: number };
    expect(n).toBeGreaterThanOrEqual(before);
    expect(n).toBeGreaterThanOrEqual(seen);
    seen = n;
  }
  done = true;
  await writer;
  expect(seen).toBeGreaterThan(1);
});

describe("keys that the administrator takes away through one Worker", () => {
  /** ms from the administrator's request to its answer, and no later, on a machine that has time. */
  const IN_FORCE = 1_500;

  async function admin(method: string, path: string, body?: object) {
    const answer = await fetch(`${workers.one}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as { key: string };
  }

  async function member(namespace: string) {
    const subject = `subject-${fresh()}`;
    return { subject, key: (await admin("POST", "/identities", { subject, namespace })).key };
  }

  const opens = async (url: string, key: string) => (await ask(url, "GET", "limits", { key })).status;

  /** Both Workers know the key, and go on asking while it is taken away. How long that took (ms), less what the machine
   * kept those waiting who asked meanwhile: the administrator's request is several of theirs. */
  async function takenAway(key: string, take: () => Promise<unknown>): Promise<number> {
    for (const url of [workers.one, workers.two]) {
      for (let times = 0; times < 3; times++) expect(await opens(url, key)).toBe(200);
    }
    let goes = true;
    let longest = 0;
    const asking = (async () => {
      while (goes) {
        const asked = performance.now();
        await opens(workers.two, key);
        longest = Math.max(longest, performance.now() - asked);
      }
    })();
    const before = slowness();
    const began = performance.now();
    await take();
    const took = (performance.now() - began - 3 * longest) / Math.max(before, slowness());
    for (let times = 0; times < 5; times++) {
      expect([await opens(workers.one, key), await opens(workers.two, key)]).toEqual([401, 401]);
    }
    goes = false;
    await asking;
    return took;
  }

  it("a blocked one is refused by both from the answer on, and let in again", async () => {
    const { subject, key } = await member(fresh());
    expect(await takenAway(key, () => admin("POST", `/identities/${subject}/block`))).toBeLessThan(IN_FORCE);
    await admin("POST", `/identities/${subject}/unblock`);
    expect([await opens(workers.one, key), await opens(workers.two, key)]).toEqual([200, 200]);
  });

  it("a rotated one is refused by both, and the new one sees what the old one did", async () => {
    const namespace = fresh();
    const { subject, key } = await member(namespace);
    await ask(workers.two, "PUT", "actions/act", { key, body: code("{}") });
    const { text } = await ask(workers.two, "POST", "actions/act?blocking=true", { key, body: {} });
    let next = "";
    const rotate = async () => {
      next = (await admin("POST", `/identities/${subject}/rotate`, { namespace })).key;
    };
    expect(await takenAway(key, rotate)).toBeLessThan(IN_FORCE);
    const { activationId } = JSON.parse(text) as { activationId: string };
    const other = await member(namespace);
    for (const reader of [next, other.key]) {
      expect((await ask(workers.two, "GET", `activations/${activationId}`, { key: reader })).status).toBe(200);
      expect((await ask(workers.two, "GET", "activations", { key: reader })).text).toContain(activationId);
    }
  });

  it("a deleted one is refused by both, those of others in its namespace are not", async () => {
    const namespace = fresh();
    const [{ subject, key }, other] = [await member(namespace), await member(namespace)];
    expect(await takenAway(key, () => admin("DELETE", `/identities/${subject}`))).toBeLessThan(IN_FORCE);
    expect([await opens(workers.one, other.key), await opens(workers.two, other.key)]).toEqual([200, 200]);
  });

  it("the credential of a run that goes on ends with its key", async () => {
    const namespace = fresh();
    const { subject, key } = await member(namespace);
    const annotations = [{ key: "provide-api-key", value: true }];
    const exec = { kind: "nodejs:default", code: "function main() { return { key: process.env.__OW_API_KEY }; }" };
    await ask(workers.two, "PUT", "actions/act", { key, body: { exec, annotations } });
    const { text } = await ask(workers.two, "POST", "actions/act?blocking=true&result=true", { key, body: {} });
    const credential = (JSON.parse(text) as { key: string }).key;
    expect(credential).not.toBe(key);
    await takenAway(credential, () => admin("POST", `/identities/${subject}/rotate`, { namespace }));
  });

  it("live logs through the other Worker end", async () => {
    const { subject, key } = await member(fresh());
    const body =
      "async function main() { for (let n = 0; n < 40; n++) { console.log(n); await new Promise((d) => setTimeout(d, 200)); } }";
    await ask(workers.two, "PUT", "actions/act", { key, body: { exec: { kind: "nodejs:default", code: body } } });
    const { text } = await ask(workers.two, "POST", "actions/act", { key, body: {} });
    const path = `/api/v1/namespaces/_/activations/${JSON.parse(text).activationId}/logs?follow=true`;
    const stream = await fetch(workers.two + path, { headers: { authorization: basic(key) } });
    let heard = "";
    const ended = (async () => {
      for await (const chunk of stream.body ?? []) heard += Buffer.from(chunk).toString();
    })();
    await expect.poll(() => heard).toContain("stdout: ");
    const took = await pacedMs(async () => {
      await admin("POST", `/identities/${subject}/block`);
      await ended;
    });
    expect(took).toBeLessThan(IN_FORCE);
    expect(heard).not.toContain("event: end");
  });
});
