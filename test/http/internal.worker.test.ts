// The door for our own objects: a call in somebody's name, under the same rules as one over HTTP.

import { exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Identity } from "../../src/entities/identity.ts";
import type { InternalOptions } from "../../src/internal.ts";
import type { Invoked } from "../../src/invocation/invoke.ts";
import type { EntityKey } from "../../src/storage/entity-store.ts";
import { ask, putAction } from "../support/client.worker.ts";
import { FakeHost } from "../support/fake-host.worker.ts";

interface Door {
  invoke(who: Identity, name: EntityKey, payload: string | undefined, options: InternalOptions): Promise<Invoked>;
}

const { Internal } = exports as unknown as { Internal: Door };
const guest: Identity = {
  subject: "guest",
  namespace: { name: "guest", uuid: "23bc46b1-71f6-4ed5-8c54-816aa4f8c502" },
  limits: {},
  key: "",
  derived: false,
};
const options: InternalOptions = { transactionId: "tid", waitMs: 5_000 };

it("calls an action in the identity's namespace and says what came of it", async () => {
  await putAction("echo");
  await FakeHost.dial();
  const cause = "0123456789ab00000000000000000001";
  const done = await Internal.invoke(guest, { path: "guest", name: "echo" }, '{"a":1.0}', { ...options, cause });
  if (!done.ok || done.kind !== "done") throw new Error(JSON.stringify(done));
  expect(done.record).toMatchObject({ result: { inline: '{"a":1.0}' }, statusCode: 0, cause });
  expect((await ask("GET", `/api/v1/namespaces/_/activations/${done.id}`)).json()).toMatchObject({ cause });
});

it("refuses what HTTP would refuse", async () => {
  const call = (path: string, name: string, payload?: string) =>
    Internal.invoke(guest, { path, name }, payload, options);
  expect(await call("guest", "nobody")).toMatchObject({ ok: false, code: "not-found" });
  expect(await call("other", "echo")).toMatchObject({ ok: false, code: "not-authorized" });
  expect(await call("guest", "echo", `"${"x".repeat(1_100_000)}"`)).toMatchObject({ ok: false, code: "too-large" });
});
