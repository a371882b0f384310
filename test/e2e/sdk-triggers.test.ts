// Triggers, rules and feeds through the unmodified openwhisk npm SDK, on both engines.

import { expect, it } from "vitest";
import { type Loose, onEngines, put, recordOf } from "./engines.ts";

/** A feed that fires the trigger it is asked for, with the key it was given. */
const FEED = `const openwhisk = require("openwhisk");
async function main({ lifecycleEvent, triggerName, authKey, count, at }) {
  if (lifecycleEvent !== "CREATE") return { lifecycleEvent, triggerName };
  if (count === undefined) return { error: "the feed is missing the count parameter" };
  const ow = openwhisk({ api_key: authKey });
  const fired = await ow.triggers.invoke({ name: triggerName, params: { count } });
  return { fired: fired.activationId };
}`;

const linesOf = (record: Loose): Loose[] => record.logs.map((each: string) => JSON.parse(each));

onEngines("triggers, rules and feeds", (bench) => {
  it("are created, listed, got, updated and deleted", async () => {
    const ow = bench.client();
    const parameters = [{ key: "from", value: "trigger" }];
    const made: Loose = await ow.triggers.create({ name: "sdk-trigger", trigger: { parameters } as Loose });
    expect(made).toMatchObject({ name: "sdk-trigger", namespace: "guest", version: "0.0.1", parameters });
    await expect(ow.triggers.create({ name: "sdk-trigger" })).rejects.toMatchObject({ statusCode: 409 });
    const updated: Loose = await ow.triggers.update({ name: "sdk-trigger", trigger: { publish: true } as Loose });
    expect(updated).toMatchObject({ version: "0.0.2", publish: true, parameters });
    await put(bench, "sdk-echo", { code: "function main(args) { return args; }" });
    const rule: Loose = await ow.rules.create({ name: "sdk-rule", trigger: "sdk-trigger", action: "/_/sdk-echo" });
    expect(rule).toMatchObject({
      ...{ name: "sdk-rule", status: "active" },
      ...{ trigger: { path: "guest", name: "sdk-trigger" }, action: { path: "guest", name: "sdk-echo" } },
    });
    expect((await ow.triggers.list()).map((each) => each.name)).toContain("sdk-trigger");
    expect((await ow.rules.list()).map((each) => each.name)).toContain("sdk-rule");
    expect(Object.keys(((await ow.triggers.get("sdk-trigger")) as Loose).rules)).toEqual(["guest/sdk-rule"]);
    await expect(ow.rules.create({ name: "sdk-none", trigger: "nobody", action: "sdk-echo" })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("trigger /guest/nobody does not exist"),
    });
  });

  it("fire: an active rule's action runs, an inactive one's does not", async () => {
    const ow = bench.client();
    const { activationId }: Loose = await ow.triggers.invoke({ name: "sdk-trigger", params: { n: 1 } });
    const [line] = linesOf(await recordOf(bench, activationId));
    expect(line).toMatchObject({ rule: "guest/sdk-rule", action: "guest/sdk-echo", success: true });
    const caused = await recordOf(bench, line.activationId);
    expect(caused.response.result).toMatchObject({ from: "trigger", n: 1 });
    await ow.rules.disable({ name: "sdk-rule" });
    expect(((await ow.rules.get("sdk-rule")) as Loose).status).toBe("inactive");
    // 204: the SDK hands on the bytes of an empty body.
    expect(String(await ow.triggers.invoke({ name: "sdk-trigger" }))).toBe("");
    await ow.rules.enable({ name: "sdk-rule" });
    const again: Loose = await ow.triggers.invoke({ name: "sdk-trigger" });
    expect(linesOf(await recordOf(bench, again.activationId))).toMatchObject([{ success: true }]);
  });

  it("serve a feed that fires its trigger", async () => {
    const ow = bench.client();
    await put(bench, "sdk-feed", { code: FEED, annotations: [{ key: "feed", value: true }] });
    const call = { name: "sdk-feed", trigger: "sdk-trigger" };
    const made: Loose = await ow.feeds.create({ ...call, params: { count: 7 } });
    expect(made.response).toMatchObject({ success: true });
    const [line] = linesOf(await recordOf(bench, made.response.result.fired));
    expect((await recordOf(bench, line.activationId)).response.result).toMatchObject({ count: 7, from: "trigger" });
    // The SDK's types know neither get nor update.
    const feeds = ow.feeds as Loose;
    for (const [event, verb] of [
      ["READ", "get"],
      ["UPDATE", "update"],
      ["DELETE", "delete"],
    ] as const) {
      const { response }: Loose = await feeds[verb](call);
      expect(response.result).toEqual({ lifecycleEvent: event, triggerName: "/_/sdk-trigger" });
    }
    await expect(ow.feeds.create(call)).rejects.toMatchObject({
      statusCode: 502,
      error: { response: { result: { error: "the feed is missing the count parameter" } } },
    });
  });

  it("are fired by an alarm, which the SDK makes, reads, changes and deletes as any feed", async () => {
    const feeds = bench.client().feeds as Loose;
    const call = { name: "/whisk.system/alarms/alarm", trigger: "sdk-trigger" };
    const made = await feeds.create({
      ...call,
      params: { cron: "* * * * * *", maxTriggers: 1, trigger_payload: { n: 8 } },
    });
    expect(made.response).toMatchObject({ success: true, result: { status: "success" } });
    const read = async () => (await feeds.get(call)).response.result;
    await expect.poll(async () => (await read()).status.active).toBe(false);
    const { schedule } = await read();
    const [fired] = schedule.history.filter((each: Loose) => each.outcome === "fired");
    const [line] = linesOf(await recordOf(bench, fired.activationId));
    expect((await recordOf(bench, line.activationId)).response.result).toMatchObject({ n: 8, from: "trigger" });
    const { response } = await feeds.update({ ...call, params: { cron: "0 3 * * *", timezone: "Europe/Berlin" } });
    expect(response.result).toEqual({ status: "success" });
    expect((await read()).config).toMatchObject({ cron: "0 3 * * *", timezone: "Europe/Berlin", payload: { n: 8 } });
    await expect(feeds.create({ ...call, params: { cron: "***" } })).rejects.toMatchObject({ statusCode: 502 });
    expect((await feeds.delete(call)).response.result).toEqual({ status: "success" });
    await expect(feeds.get(call)).rejects.toMatchObject({ statusCode: 502 });
  });

  it("go, each without the other", async () => {
    const ow = bench.client();
    const gone: Loose = await ow.rules.delete({ name: "sdk-rule" });
    expect(gone).toMatchObject({ name: "sdk-rule", status: "inactive" });
    expect(((await ow.triggers.get("sdk-trigger")) as Loose).rules).toEqual({});
    await ow.triggers.delete({ name: "sdk-trigger" });
    await expect(ow.triggers.get("sdk-trigger")).rejects.toMatchObject({ statusCode: 404 });
    await expect(ow.triggers.invoke({ name: "sdk-trigger" })).rejects.toMatchObject({ statusCode: 404 });
  });
});
