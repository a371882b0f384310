// Feeds: the lifecycle calls that clients make around a trigger. A feed is an action like others. Parity 6.01 to 6.12.

import { expect } from "vitest";
import {
  type Answer,
  annotation,
  ask,
  code,
  fresh,
  key,
  type Loose,
  line,
  make,
  namespace,
  pair,
  useApi,
} from "./suite.ts";

await useApi();

/** Answers with what it was told; `refuse` names an event it fails at. */
const FEED = `function main(args) {
  if (!["CREATE", "READ", "UPDATE", "DELETE"].includes(args.lifecycleEvent)) return { error: "unsupported lifecycleEvent" };
  if (args.refuse === args.lifecycleEvent) return { error: "refused " + args.lifecycleEvent };
  return args;
}`;

const refused = (event: string) => ({ refuse: event });

async function feedAction(): Promise<string> {
  const pack = fresh("provider");
  await make(`packages/${pack}`, { publish: true, parameters: [pair("apihost", "provider")] });
  await make(`actions/${pack}/changes`, code(FEED, { annotations: [pair("feed", true)] }));
  return `/${namespace(1)}/${pack}/changes`;
}

/** The call as the command line makes it. */
function call(
  feed: string,
  event: string,
  { trigger, params = {} }: { trigger: string; params?: object },
): Promise<Answer> {
  const [, ns, pack, name] = feed.split("/");
  const body = { ...params, lifecycleEvent: event, triggerName: `/_/${trigger}`, authKey: key(1) };
  return ask("POST", `/api/v1/namespaces/${ns}/actions/${pack}/${name}?blocking=true&result=false`, { body });
}

async function create(feed: string, params: object = {}): Promise<{ trigger: string; answer: Answer }> {
  const trigger = fresh("fed");
  await make(`triggers/${trigger}`, { annotations: [pair("feed", feed)] });
  return { trigger, answer: await call(feed, "CREATE", { trigger, params }) };
}

line("6.01 6.02", "a trigger is made with the feed's name, and the feed gets the parameters", async () => {
  const feed = await feedAction();
  const trigger = fresh("fed");
  const body = { annotations: [pair("feed", feed)] };
  const made = await ask("PUT", `triggers/${trigger}?overwrite=false`, { body });
  expect([made.status, annotation(made.json, "feed"), made.json.parameters]).toEqual([200, feed, []]);
  const { status, json } = await call(feed, "CREATE", { trigger, params: { cron: "* * * * *" } });
  expect(status).toBe(200);
  expect(json.response).toMatchObject({ success: true, status: "success" });
  expect(json.response.result).toEqual({
    ...{ apihost: "provider", cron: "* * * * *" },
    ...{ lifecycleEvent: "CREATE", triggerName: `/_/${trigger}`, authKey: key(1) },
  });
  expect((await ask("PUT", `triggers/${trigger}?overwrite=false`, { body })).status).toBe(409);
  await ask("DELETE", `triggers/${trigger}`);
});

line("6.03 6.09", "a feed that fails is a 502 with its error, and the trigger can be taken back", async () => {
  const feed = await feedAction();
  const { trigger, answer } = await create(feed, refused("CREATE"));
  expect(answer.status).toBe(502);
  expect(answer.json.response).toMatchObject({ success: false, result: { error: "refused CREATE" } });
  expect((await call(feed, "DELETE", { trigger })).status).toBe(200);
  expect((await ask("DELETE", `triggers/${trigger}`)).status).toBe(200);
  expect((await ask("GET", `triggers/${trigger}`)).status).toBe(404);
});

line("6.04 6.05 6.07", "update, get and delete look at the trigger first, then ask the feed", async () => {
  const feed = await feedAction();
  const { trigger } = await create(feed);
  for (const [event, params] of [
    ["UPDATE", { minutes: 2 }],
    ["READ", {}],
    ["DELETE", {}],
  ] as const) {
    const found = await ask("GET", `triggers/${trigger}`);
    expect(annotation(found.json, "feed")).toBe(feed);
    const { status, json } = await call(annotation(found.json, "feed"), event, { trigger, params });
    expect([event, status]).toEqual([event, 200]);
    expect(json.response.result).toMatchObject({ lifecycleEvent: event, ...params });
  }
  expect((await ask("GET", `triggers/${trigger}`)).json.version).toBe("0.0.1");
  expect((await ask("DELETE", `triggers/${trigger}`)).status).toBe(200);
  expect((await ask("GET", `triggers/${trigger}`)).status).toBe(404);
});

line(
  "6.06 6.08",
  "a trigger's own parameters change without its feed; only annotations that are sent replace it",
  async () => {
    const feed = await feedAction();
    const both = await ask("PUT", `triggers/${fresh("fed")}`, {
      body: { annotations: [pair("feed", feed)], parameters: [pair("own", 0)] },
    });
    expect([annotation(both.json, "feed"), both.json.parameters]).toEqual([feed, [pair("own", 0)]]);
    const { trigger } = await create(feed);
    const put = (body: object): Promise<Loose> =>
      ask("PUT", `triggers/${trigger}?overwrite=true`, { body }).then((answer) => answer.json);
    const updated = await put({ parameters: [pair("own", 1)] });
    expect([annotation(updated, "feed"), updated.parameters]).toEqual([feed, [pair("own", 1)]]);
    const replaced = await put({ annotations: [pair("note", 1)] });
    expect([replaced.annotations, replaced.parameters]).toEqual([[pair("note", 1)], [pair("own", 1)]]);
  },
);

line("6.11", "an event the feed does not know is the feed's to refuse", async () => {
  const feed = await feedAction();
  const { trigger } = await create(feed);
  for (const event of ["PAUSE", "UNPAUSE"]) {
    const { status, json } = await call(feed, event, { trigger });
    expect([event, status, json.response.result]).toEqual([event, 502, { error: "unsupported lifecycleEvent" }]);
  }
});

line("6.12", "wskdeploy deploys again over what is there", async () => {
  const feed = await feedAction();
  const trigger = fresh("fed");
  for (const version of ["0.0.1", "0.0.2"]) {
    const made = await make(`triggers/${trigger}`, { publish: true, annotations: [pair("feed", feed)] });
    expect(made).toMatchObject({ publish: true, version });
    const gone = await call(feed, "DELETE", { trigger, params: refused("DELETE") });
    expect(gone.status).toBe(502);
    expect((await call(feed, "CREATE", { trigger })).status).toBe(200);
  }
});

line("2.77", "a feed stands among the feeds of its package", async () => {
  const feed = await feedAction();
  const [, , pack] = feed.split("/");
  const { json } = await ask("GET", `packages/${pack}`);
  expect([json.actions, json.feeds.map((each: Loose) => each.name)]).toEqual([[], ["changes"]]);
});
