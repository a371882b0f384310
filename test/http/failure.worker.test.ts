// When a store fails: JSON 500 with the transaction id, no stack, nothing secret in the log.

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Env } from "../../src/env.ts";
import { NoAnswer } from "../../src/invocation/retry.ts";
import { servicesOf } from "../../src/services/services.ts";
import { made } from "../storage/stores.worker.ts";
import { ask, stores } from "../support/client.worker.ts";

const { DB } = env as unknown as Env;
const SECRET = "s".repeat(64);
const WELL_KNOWN = "zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
const IDENTITIES = "CREATE TABLE identities (uuid, subject, namespace, lookup, sealed_key, created)";
let blocked: string;

beforeAll(async () => {
  const owner = await made(stores().identities, { subject: "erin.", namespace: "erins" });
  blocked = owner.key;
});

describe("an identity", () => {
  it("that is blocked is refused from the next request on", async () => {
    for (let round = 0; round < 2; round++) {
      expect((await ask("GET", "/api/v1/namespaces", { key: blocked })).status).toBe(200);
    }
    const services = servicesOf(env as unknown as Env);
    if (!services.ok) throw new Error(services.text);
    const entityEpoch = services.value.entityEpoch("erins");
    await entityEpoch.beginWrite("the administrator");
    await DB.prepare("UPDATE subjects SET blocked = 1 WHERE subject = 'erin.'").run();
    await entityEpoch.endWrite("the administrator");
    expect((await ask("GET", "/api/v1/namespaces", { key: blocked })).status).toBe(401);
  });
});

describe("a store that fails", () => {
  it("is a 500 in JSON, not a 401, and the log has the transaction id but no key", async () => {
    await DB.exec("DROP TABLE identities");
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { status, headers, text, json } = await ask("GET", "/api/v1/namespaces", {
      key: `00000000-0000-0000-0000-000000000000:${SECRET}`,
    });
    expect(status).toBe(500);
    expect(headers.get("content-type")).toBe("application/json");
    const id = headers.get("x-request-id");
    expect(json()).toEqual({ error: "There was an internal server error.", code: id });
    expect(text).not.toMatch(/\.ts|identities|SQL/);
    const logged = log.mock.calls.flat().join("\n");
    expect(logged).toContain(id);
    expect(logged).not.toContain(SECRET);
    log.mockRestore();
  });

  it("leaves no address of a webhook in the log", async () => {
    await DB.exec("DROP TABLE webhook_addresses");
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const token = "3q2-7wAAAAAAAAAAAAAAAA";
    expect((await ask("POST", `/api/v1/webhooks/${token}`, { body: "{}" })).status).toBe(500);
    const logged = log.mock.calls.flat().join("\n");
    expect(logged).toContain('"path":"/api/v1/webhooks/…"');
    expect(logged).not.toContain(token);
    log.mockRestore();
  });

  it("is a 500 that says so where an object of ours did not answer in time", async () => {
    const services = servicesOf(env as unknown as Env);
    if (!services.ok) throw new Error(services.text);
    const authenticate = () => Promise.reject(new NoAnswer(5_000));
    const roster = vi.spyOn(services.value, "roster").mockReturnValue({ ...services.value.roster(), authenticate });
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { status, json } = await ask("GET", "/host/v1/code/x", { headers: { Authorization: "Bearer token" } });
    expect([status, json()]).toEqual([
      500,
      { error: expect.stringContaining("did not answer"), code: expect.any(String) },
    ]);
    roster.mockRestore();
    log.mockRestore();
  });

  it("does not put an entity's values into the log", async () => {
    await DB.exec("DROP TABLE garbage");
    await DB.exec("DROP TABLE entities");
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const parameters = [{ key: "password", value: SECRET }];
    const body = JSON.stringify({ exec: { kind: "nodejs:20", code: "x" }, parameters });
    const key = `789c46b1-71f6-4ed5-8c54-816aa4f8c502:abc${WELL_KNOWN}`;
    await DB.exec(IDENTITIES);
    const { status } = await ask("PUT", "/api/v1/namespaces/_/actions/a", { key, body });
    expect(status).toBe(500);
    expect(log).toHaveBeenCalled();
    expect(log.mock.calls.flat().join("\n")).not.toContain(SECRET);
    log.mockRestore();
  });
});
