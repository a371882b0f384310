// What a warm call asks of objects: its scheduler, and where the namespace has limits its throttle; nobody else.

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
  ["with limits", { invocationsPerMinute: 1_000 }, ["SCHEDULER.invoke", "THROTTLE.enter", "THROTTLE.leave"]],
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
    await Promise.all(behind);
  };
  await call();
  asked.length = 0;
  await call();
  expect(asked.toSorted()).toEqual(expected);
});
