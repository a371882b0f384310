// What a warm call asks of objects: its scheduler, and nobody else, also where its namespace has limits:
// it has a share of them.

import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { PLATFORM } from "../../src/entities/audit.ts";
import { checkEnv, type Env } from "../../src/env.ts";
import { Identities } from "../../src/http/identities.ts";
import { invoke } from "../../src/invocation/invoke.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import { Services } from "../../src/services/services.ts";
import { made } from "../storage/stores.worker.ts";
import { putAction, stores } from "../support/client.worker.ts";
import { FakeHost, ran } from "../support/fake-host.worker.ts";

const OBJECTS = ["SCHEDULER", "ACTIVATIONS", "COMPOSITION", "THROTTLE", "EPOCH", "ROSTER", "METRICS"] as const;
const asked: string[] = [];

/** The environment, each call to an object noted. */
function noting(own: Env): Env {
  const noted = OBJECTS.map((name) => {
    const stubOf = (object: string) => {
      const stub = own[name].getByName(object) as unknown as Record<string, (...given: unknown[]) => unknown>;
      return new Proxy(stub, {
        get: (_stub, method: string) => {
          return (...given: unknown[]) => {
            asked.push(`${name}.${method}`);
            return stub[method]?.(...given);
          };
        },
      });
    };
    return [name, { getByName: stubOf }];
  });
  return { ...own, ...Object.fromEntries(noted) };
}

beforeAll(async () => {
  await FakeHost.dial({ answer: () => ran("{}") });
});

test.each([
  ["without limits", {}, ["SCHEDULER.invoke"]],
  ["with limits", { invocationsPerMinute: 10_000, concurrentInvocations: 100 }, ["SCHEDULER.invoke"]],
])("of a namespace %s: %o", async (name, limits, expected) => {
  const namespace = name.replace(" ", "-");
  const { key } = await made(stores().identities, { subject: namespace, namespace, limits });
  await putAction("echo", { namespace });
  const noted = noting(env as unknown as Env);
  const checked = checkEnv(noted);
  if (!checked.ok) throw new Error("the environment of the tests is refused");
  const settings = { ...checked.settings, throttle: false };
  const services = new Services(noted, { settings, masterSecret: checked.masterSecret });
  const identities = new Identities();
  const actions = new ActionResolver();
  const call = async (): Promise<void> => {
    const behind: Promise<unknown>[] = [];
    const later = (work: Promise<unknown>) => void behind.push(work);
    const [uuid = "", secret = ""] = key.split(":");
    const caller = await identities.find(services, { uuid, secret }, later);
    if (caller === null) throw new Error("nobody has this key");
    const outcome = await invoke(
      services.context(later, () => PLATFORM),
      actions,
      {
        ...{ identity: caller.identity, epoch: caller.epoch, transactionId: "t", payload: "{}", waitMs: 10_000 },
        action: { path: namespace, name: "echo" },
      },
    );
    expect(outcome).toMatchObject({ ok: true, kind: "done" });
    kept.push(...behind);
  };
  const kept: Promise<unknown>[] = [];
  // What is remembered for a second is asked for anew now and then, and shares begin with the second call:
  // not so of each.
  await expect
    .poll(async () => {
      asked.length = 0;
      await call();
      return asked.toSorted();
    })
    .toEqual(expected);
  await Promise.all(kept);
});
