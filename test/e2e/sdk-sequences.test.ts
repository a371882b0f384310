// Sequences through the unmodified openwhisk npm SDK, and a composition through openwhisk-composer, on both engines.

import composer from "openwhisk-composer";
import connectComposer from "openwhisk-composer/client.js";
import { expect, it } from "vitest";
import { GUEST } from "../support/platform.ts";
import { type Loose, onEngines, put, recordOf } from "./engines.ts";

const COUNT = "function main(args) { return { n: (args.n || 0) + 1 }; }";

/** The SDK's types know no sequences. */
function of(name: string, sequence: string[]) {
  return { name, sequence } as unknown as { name: string; action: string };
}

onEngines("sequences", (bench) => {
  it("are created, updated, invoked and deleted like actions", async () => {
    const ow = bench.client();
    await put(bench, "count", { code: COUNT });
    const sequence = ["/_/count", "/guest/count"];
    const created: Loose = await ow.actions.create(of("counts", sequence));
    expect(created.exec).toEqual({ kind: "sequence", components: ["/guest/count", "/guest/count"] });
    const invoke = () => ow.actions.invoke({ name: "counts", blocking: true, result: true, params: { n: 5 } });
    expect(await invoke()).toEqual({ n: 7 });
    await expect(ow.actions.create(of("counts", sequence))).rejects.toMatchObject({ statusCode: 409 });
    const updated: Loose = await ow.actions.update(of("counts", ["/_/count"]));
    expect(updated.version).toBe("0.0.2");
    expect(await invoke()).toEqual({ n: 6 });
    await ow.actions.delete("counts");
    await expect(ow.actions.get("counts")).rejects.toMatchObject({ statusCode: 404 });
  });

  it("run on without a caller, and name their steps", async () => {
    const ow = bench.client();
    await put(bench, "count", { code: COUNT });
    await ow.actions.update(of("three", ["/_/count", "/_/count", "/_/count"]));
    const { activationId } = await ow.actions.invoke({ name: "three" });
    const record = await recordOf(bench, activationId);
    expect(record.response.result).toEqual({ n: 3 });
    const steps = await Promise.all(record.logs.map((id: string) => recordOf(bench, id)));
    expect(steps.map((each) => [each.name, each.cause])).toEqual(Array(3).fill(["count", activationId]));
  });

  it("end with the error of the step that fails", async () => {
    const ow = bench.client();
    await put(bench, "fail", { code: "function main() { return { error: 'on purpose' }; }" });
    await ow.actions.update(of("failing", ["/_/count", "/_/fail", "/_/count"]));
    const failed = ow.actions.invoke({ name: "failing", blocking: true });
    await expect(failed).rejects.toMatchObject({
      statusCode: 502,
      error: { response: { status: "application error", result: { error: "on purpose" } } },
    });
  });

  it("and compositions of openwhisk-composer are deployed and run as they are", async () => {
    const ow = connectComposer({ apihost: bench.platform().url, api_key: GUEST, namespace: "_" }, true);
    const count = composer.action("count", { action: COUNT });
    const loop = composer.while(({ n }: { n: number }) => n < 4, count);
    const deployed = await ow.compositions.deploy({ name: "loop", ...loop.compile() }, true);
    expect(deployed.map((each) => each.name)).toEqual(["/_/count", "loop"]);
    expect(await ow.actions.invoke({ name: "loop", params: { n: 1 }, blocking: true, result: true })).toEqual({ n: 4 });
    const later = composer.async(composer.action("count"));
    await ow.compositions.deploy({ name: "later", ...later.compile() }, true);
    const started: Loose = await ow.actions.invoke({ name: "later", params: { n: 1 }, blocking: true, result: true });
    expect((await recordOf(bench, started.activationId)).response.result).toEqual({ n: 2 });
  });
});
