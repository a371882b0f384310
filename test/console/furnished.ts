// A namespace with something in every view of the console, and the addresses of all views.

import { ask, code, type Loose, pair, recordOf, tenant } from "../conformance/suite.ts";

const ALARMS = "/api/v1/namespaces/whisk.system/actions/alarms";

export interface Furnished {
  key: string;
  namespace: string;
  /** Addresses of what its key sees, each with what must be seen there before it is looked at. */
  views: readonly { path: string; seen: string }[];
}

export async function furnished(): Promise<Furnished> {
  const { key, namespace } = await tenant({ invocationsPerMinute: 600, concurrentInvocations: 50 });
  const put = async (path: string, body: object) => {
    const answer = await ask("PUT", path, { key, body });
    if (answer.status !== 200) throw new Error(`cannot make ${path}: ${answer.status} ${answer.text}`);
  };
  await put("actions/greet", {
    ...code(
      "function main(args) { console.log('hello'); console.error('oh'); return args.fail ? { error: 'no' } : args; }",
    ),
    parameters: [pair("p", "v")],
    annotations: [pair("description", "greets")],
  });
  await put("packages/tools", {
    publish: true,
    annotations: [pair("description", "tools")],
    parameters: [pair("a", 1)],
  });
  await put("packages/mine", { binding: { namespace: "whisk.system", name: "utils" }, parameters: [pair("b", 2)] });
  await put("actions/tools/hammer", code("function main() { return {}; }"));
  await put("actions/chain", { exec: { kind: "sequence", components: ["/_/greet", "/_/tools/hammer"] } });
  await put("triggers/order", { parameters: [pair("source", "web")] });
  await put("rules/order-greet", { trigger: "/_/order", action: "/_/greet" });
  await put("triggers/mornings", { annotations: [pair("feed", "/whisk.system/alarms/alarm")] });
  await put("rules/mornings-greet", { trigger: "/_/mornings", action: "/_/greet" });
  const alarm = {
    triggerName: "/_/mornings",
    lifecycleEvent: "CREATE",
    cron: "30 7 * * *",
    trigger_payload: { at: 7 },
  };
  await ask("POST", `${ALARMS}/alarm?blocking=true&result=true`, { key, body: alarm });
  const run = async (body: object) => (await ask("POST", "actions/greet", { key, body })).json.activationId as string;
  const [good, failed] = await Promise.all([run({ a: 1 }), run({ fail: true })]);
  const record: Loose = await recordOf(good, key);
  await recordOf(failed, key);
  await ask("POST", "keys", { key, body: { name: "ci", role: "reader", scope: ["orders/*"] } });
  const views = [
    { path: "overview", seen: "Cold starts" },
    { path: "functions", seen: "greet" },
    { path: "functions/greet", seen: "args.fail" },
    { path: "functions/chain", seen: "A sequence" },
    { path: "activations", seen: failed },
    { path: `activations/${record.activationId}?with=${failed}`, seen: "Run again" },
    { path: `activations/${"0".repeat(32)}`, seen: "The requested resource does not exist." },
    { path: "triggers", seen: "order" },
    { path: "triggers/order", seen: "order-greet" },
    { path: "schedules", seen: "mornings" },
    { path: "schedules/mornings", seen: "Next runs" },
    { path: "schedules?new=1", seen: "mornings" },
    { path: "packages", seen: "tools" },
    { path: "packages/tools", seen: "hammer" },
    { path: "packages/mine", seen: "a binding to" },
    { path: "sequences", seen: "chain" },
    { path: "sequences/chain", seen: "Step by step" },
    { path: "limits", seen: "Together, each once" },
    { path: "keys", seen: "orders/*" },
  ];
  return { key, namespace, views };
}

/** Of an operator's views. `host`: the name of one. */
export function operatorViews({ host, namespace }: { host: string; namespace: string }): Furnished["views"] {
  return [
    { path: "hosts", seen: "Databases" },
    { path: `hosts/${encodeURIComponent(host)}`, seen: "Digest" },
    { path: "namespaces", seen: "Limits of its own" },
    { path: `namespaces/${namespace}`, seen: "Together, each once" },
    { path: "audit", seen: "/v1/" },
  ];
}
