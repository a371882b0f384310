// Parameters that say they are sealed: nothing a client sends is opened with a secret of ours, and nothing of it makes
// a call fail.

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { seal } from "../../src/entities/sealing.ts";
import { type Env, masterSecretOf } from "../../src/env.ts";
import { FakeHost } from "../support/fake-host.worker.ts";
import { type Client, newClient } from "./platform.worker.ts";

const own = env as unknown as Env;
const EXEC = { kind: "nodejs:default", code: "function main() {}" };

let me: Client;
let other: Client;

beforeAll(async () => {
  await FakeHost.dial();
  me = await newClient();
  other = await newClient();
});

describe("a value that says it is sealed", () => {
  const sealed = { key: "token", value: "v1.AAAA", encryption: "aes-256" };

  test.each(["actions", "packages", "triggers"])("is refused by a PUT of %s, by its name", async (collection) => {
    for (const field of ["parameters", "annotations"]) {
      const body = { ...(collection === "actions" ? { exec: EXEC } : {}), [field]: [sealed] };
      const { status, json } = await me.call("PUT", `/${collection}/sealed`, body);
      expect([status, json.error]).toEqual([400, expect.stringContaining(`"token" has an 'encryption'`)]);
    }
    const open = [{ ...sealed, encryption: null }];
    const body = { ...(collection === "actions" ? { exec: EXEC } : {}), parameters: open };
    expect((await me.call("PUT", `/${collection}/open-${collection}?overwrite=true`, body)).status).toBe(200);
  });

  test("and was stored in earlier days is handed over as it stands, whatever it is, to every caller", async () => {
    const secret = await seal(masterSecretOf(own), "stored-key", "uuid:the owner's key");
    const values: unknown[] = [{ a: 1 }, [1], 1, null, "plain", secret];
    await me.call("PUT", "/packages/bundle?overwrite=true", {
      publish: true,
      parameters: values.map((value, at) => ({ key: `p${at}`, value })),
    });
    await me.call("PUT", "/actions/bundle/act?overwrite=true", { exec: EXEC });
    const changed = await own.DB.prepare(
      `UPDATE entities SET document = replace(document, '"key":"p', '"encryption":"aes-256","key":"p') WHERE path = ? AND name = 'bundle'`,
    )
      .bind(me.namespace)
      .run();
    expect(changed.meta.changes).toBeGreaterThan(0);
    const called = `/../${me.namespace}/actions/bundle/act?blocking=true&result=true`;
    const { status, json } = await other.call("POST", called, {});
    expect(status).toBe(200);
    expect(json).toEqual(Object.fromEntries(values.map((value, at) => [`p${at}`, value])));
    expect((await me.call("GET", "/packages/bundle")).text).toContain('"encryption":"aes-256"');
  });
});
