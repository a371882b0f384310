// What a platform prints at its most talkative while secrets of every sort go through it, and while what it needs
// fails: none of them.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { basic, freePort, type Platform, ready } from "../support/platform.ts";

const PATIENCE = { interval: 200 };
const secret = (what: string) => `${what}-${randomBytes(12).toString("hex")}`;

/** Settings for a platform whose log is read by `tellsNoSecret`: all of it,
 * and receivers at dead addresses of this machine. */
export async function talkative(): Promise<{ flags: string[]; env: Record<string, string>; secrets: string[] }> {
  const vars = {
    USER_EVENTS_URL: `http://127.0.0.1:${await freePort()}/${secret("events-path")}`,
    USER_EVENTS_SECRET: secret("events-secret"),
    USER_EVENTS_TOKEN: secret("events-token"),
    METRICS_TOKEN: secret("metrics-token"),
  };
  return {
    flags: [
      ...["--log-level", "debug", "--outbound-allow", "127.0.0.0/8"],
      ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}=${value}`]),
    ],
    env: { EDGEWHISK_BROKER_NET: "127.0.0.0/8" },
    secrets: [...Object.values(vars).slice(1), new URL(vars.USER_EVENTS_URL).pathname.slice(1)],
  };
}

/** `printed`: all that the platform has printed since it serves. */
export function tellsNoSecret(
  platform: () => Platform,
  { printed, secrets: given }: { printed(): string; secrets: readonly string[] },
): void {
  it("prints no key, token, address of a hook or secret of a user, however much it prints", async () => {
    const { url, state } = platform();
    const { adminToken, masterSecret } = JSON.parse(readFileSync(join(state, "secrets.json"), "utf8"));
    const secrets = [...given, adminToken, ...(typeof masterSecret === "string" ? [masterSecret] : [])];
    const hidden = (what: string) => {
      secrets.push(secret(what));
      return secrets.at(-1) ?? "";
    };
    const ask = async (method: string, path: string, authorization: string, body?: object) => {
      const headers = { authorization, "content-type": "application/json", "x-request-id": "told-in-the-log" };
      const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      return { status: answer.status, text: await answer.text() };
    };
    const made = await ask("POST", "/admin/v1/identities", `Bearer ${adminToken}`, {
      subject: "quiet",
      namespace: "quiet",
    });
    const { key } = JSON.parse(made.text) as { key: string };
    secrets.push(key, key.split(":")[1] ?? "");
    const host = await ask("POST", "/admin/v1/hosts", `Bearer ${adminToken}`, { name: "quiet-host" });
    secrets.push(JSON.parse(host.text).token);
    const own = (method: string, path: string, body?: object) =>
      ask(method, `/api/v1/namespaces/_/${path}`, basic(key), body);
    const feed = async (path: string, body: object) =>
      JSON.parse((await own("POST", `../whisk.system/actions/${path}?blocking=true&result=true`, body)).text);

    // A secret as a parameter, in a call, in what goes wrong, and in an address.
    const password = hidden("parameter");
    const code =
      "function main(args) { if (args.bad) throw new Error(args.password); return { has: args.password.length }; }";
    const parameters = [{ key: "password", value: password }];
    const annotations = [
      { key: "web-export", value: true },
      { key: "provide-api-key", value: true },
    ];
    expect(
      (await own("PUT", "actions/quiet", { exec: { kind: "nodejs:default", code }, parameters, annotations })).status,
    ).toBe(200);
    await own("POST", "actions/quiet?blocking=true", { own: hidden("argument") });
    await own("POST", "actions/quiet?blocking=true", { bad: true });
    await own("POST", "actions/quiet", { own: hidden("argument") });
    await ask("GET", `/api/v1/web/quiet/default/quiet.json?token=${hidden("query")}`, "");
    await own("GET", `actions/${encodeURIComponent("no/such?")}?token=${hidden("query")}`);
    await ask("GET", "/api/v1/namespaces", basic(`${key.slice(0, 37)}${hidden("wrong-key")}`));
    await ask("GET", "/admin/v1/hosts", `Bearer ${hidden("wrong-token")}`);
    await ask("GET", "/host/v1/connect", `Bearer ewh.quiet-host.${randomBytes(32).toString("base64url")}`);

    // A hook's address, a broker's password, a sink's headers and its address.
    expect((await own("PUT", "triggers/quiet-hook", {})).status).toBe(200);
    expect((await own("PUT", "rules/quiet-rule", { trigger: "/_/quiet-hook", action: "/_/quiet" })).status).toBe(200);
    const hook = await feed("webhook/webhook", {
      ...{ lifecycleEvent: "CREATE", triggerName: "/_/quiet-hook", signature: "github", secret: hidden("signing") },
    });
    const address = new URL(hook.url).pathname;
    secrets.push(address.split("/").at(-1) ?? "");
    await ask("POST", address, "", { zen: hidden("payload") });
    expect((await own("PUT", "triggers/quiet-broker", {})).status).toBe(200);
    const dead = await freePort();
    const broker = { url: `mqtt://127.0.0.1:${dead}`, topic: "a", username: "whisk", password: hidden("broker") };
    const mqtt = { lifecycleEvent: "CREATE", triggerName: "/_/quiet-broker", ...broker };
    expect(await feed("mqtt/mqtt", mqtt)).toMatchObject({ status: "success" });
    const sink = await feed("cloudevents/sink", {
      ...{ operation: "set", action: "quiet", url: `http://127.0.0.1:${dead}/${hidden("sink-path")}` },
      headers: { Authorization: `Bearer ${hidden("sink-header")}` },
    });
    expect(sink).toEqual({ status: "success" });
    await own("POST", "actions/quiet?blocking=true", {});

    await expect.poll(printed, PATIENCE).toMatch(/host warn: subscription broken.*ECONNREFUSED/);
    await expect.poll(printed, PATIENCE).toMatch(/User events are not forwarded/);
    for (const pid of platform().pids().workerd) process.kill(pid, "SIGKILL");
    await expect.poll(() => ready(url), PATIENCE).toBe(true);
    await own("POST", "actions/quiet?blocking=true", {});
    await expect.poll(printed, PATIENCE).toMatch(/host warn: link down/);

    // It has printed much, with the id that the caller gave.
    const log = printed();
    expect(log).toMatch(/^edgewhisk: POST \/api\/v1\/web.*|^edgewhisk: GET \/api\/v1\/web\/quiet/m);
    expect(log).toContain("POST /api/v1/webhooks/… ");
    expect(log).toMatch(/worker debug: call offered.*\(told-in-the-log\)/);
    for (const each of secrets) {
      for (const form of [each, Buffer.from(each).toString("base64").replace(/=+$/, ""), encodeURIComponent(each)])
        expect(log.includes(form) ? `${each} is printed: ${lineWith(log, form)}` : "").toBe("");
    }
    expect(log).not.toContain(basic(key).slice("Basic ".length));
  });
}

function lineWith(log: string, text: string): string {
  return log.split("\n").find((line) => line.includes(text)) ?? "";
}
