// Conductors as the Composition object runs them, over a pretended platform.

import { expect, it } from "vitest";
import { type Action, Harness } from "./harness.ts";

/** A conductor that reads its arguments and says what comes next. */
const conductor = (act: (args: Record<string, unknown>) => object | string) => ({
  conductor: (args: string) => {
    const answer = act(JSON.parse(args) as Record<string, unknown>);
    return typeof answer === "string" ? answer : JSON.stringify(answer);
  },
});
const inc: Action = { run: (args) => JSON.stringify({ n: (JSON.parse(args) as { n: number }).n + 1 }), memory: 512 };

async function play(actions: Record<string, Action>, args = "{}") {
  const world = new Harness(actions);
  const run = world.runOf("c", args);
  await world.call(run, { waitMs: 600_000 });
  return { world, run, record: world.records.get(run.id)!, result: world.result(run.id) };
}

it("runs what the conductor names, with its params, and gives it the answer under its saved state", async () => {
  const { world, run, record, result } = await play(
    {
      c: conductor((args) => {
        if (args.step === undefined) return { action: "inc", params: { n: args.n }, state: { step: 1 } };
        if (args.step === 1) return { action: "/guest/inc", params: { n: args.n }, state: { step: 2, n: 40 } };
        return { params: { total: args.n, step: args.step } };
      }),
      inc,
    },
    '{"n":1}',
  );
  expect(world.starts.map((start) => [start.name, start.args])).toEqual([
    ["c", '{"n":1}'],
    ["inc", '{"n":1}'],
    ["c", '{"n":2,"step":1}'],
    ["inc", '{"n":2}'],
    ["c", '{"n":40,"step":2}'],
  ]);
  expect(result).toBe('{"total":40,"step":2}');
  expect(record).toMatchObject({ statusCode: 0, duration: 15 });
  expect(world.told(run.id)).toBe("c inc c inc c");
  expect(world.annotation(run.id, "conductor")).toBe(true);
  expect(world.annotation(run.id, "kind")).toBe("sequence");
  expect(world.annotation(run.id, "topmost")).toBe(true);
  expect(world.annotation(run.id, "limits")).toMatchObject({ memory: 512 });
  const part = world.records.get(world.starts[1]!.id)!;
  expect(part.cause).toBe(run.id);
});

it("ends at once where no action is named, with params or else the whole answer; the record has one id", async () => {
  const whole = await play({ c: conductor(() => ({ a: 1, state: { b: 2 } })) });
  expect(whole.result).toBe('{"a":1,"state":{"b":2}}');
  expect(whole.world.told(whole.run.id)).toBe("c");
  const params = await play({ c: conductor(() => ({ a: 1, params: { b: 2 } })) });
  expect(params.result).toBe('{"b":2}');
});

it("boxes params and state that are no objects, and answers of components that are arrays", async () => {
  const { world, result } = await play({
    c: conductor((args) =>
      args.state === undefined ? { action: "list", params: 7, state: "on" } : { params: [args.state, args.value] },
    ),
    list: { run: (args) => `[${args}]` },
  });
  expect(world.starts[1]?.args).toBe('{"value":7}');
  expect(world.starts[2]?.args).toBe('{"value":[{"value":7}],"state":"on"}');
  expect(result).toBe('{"value":["on",[{"value":7}]]}');
});

it("keeps numbers as they were written", async () => {
  const { world, result } = await play({
    c: {
      conductor: (args) =>
        args.includes("kept")
          ? `{"params":{"got":${JSON.stringify(args)}}}`
          : '{"action":"same","params":{"a":12345678901234567890,"b":1.0},"state":{"kept":1e400}}',
    },
    same: { run: (args) => args },
  });
  expect(world.starts[1]?.args).toBe('{"a":12345678901234567890,"b":1.0}');
  expect(result).toContain("1e400");
  expect(world.starts[2]?.args).toBe('{"a":12345678901234567890,"b":1.0,"kept":1e400}');
});

it("forgets a state that is not given again", async () => {
  const { world } = await play(
    {
      c: conductor((args) => {
        if (args.n === 0) return { action: "inc", params: { n: 1 }, state: { s: 1 } };
        return args.s === 1 ? { action: "inc", params: { n: 2 } } : { params: {} };
      }),
      inc,
    },
    '{"n":0}',
  );
  expect(world.starts.at(-1)?.args).toBe('{"n":3}');
});

it("ends with the conductor's error and its status", async () => {
  const app = await play({ c: conductor(() => ({ error: "no" })) });
  expect(app.record).toMatchObject({ statusCode: 1, result: { inline: '{"error":"no"}' } });
  const dev = await play({ c: { conductor: () => ({ statusCode: 2, result: '{"error":"it exited"}' }) } });
  expect(dev.record).toMatchObject({ statusCode: 2, result: { inline: '{"error":"it exited"}' } });
});

it("feeds a component's error back to the conductor", async () => {
  const { result } = await play({
    c: conductor((args) => (args.error === undefined ? { action: "bad" } : { caught: args.error })),
    bad: { run: () => '{"error":"oops"}' },
  });
  expect(result).toBe('{"caught":"oops"}');
});

it.each([
  ["nowhere", "Failed to resolve action with name 'guest/nowhere' during composition."],
  ["/other/pkg/x", "Failed to resolve action with name 'other/pkg/x' during composition."],
  ["locked", "Failed entitlement check for action with name 'guest/locked' during composition."],
  ["/alone", 'Failed to parse action name from json value "/alone" during composition.'],
  ["a/b/c/d", 'Failed to parse action name from json value "a/b/c/d" during composition.'],
  ["a b|c", 'Failed to parse action name from json value "a b|c" during composition.'],
  [{ x: 1 }, 'Failed to parse action name from json value {"x":1} during composition.'],
  [42, "Failed to parse action name from json value 42 during composition."],
])("tells the conductor that %j cannot be run", async (action, error) => {
  const { world, result } = await play({
    c: conductor((args) => (args.error === undefined ? { action, state: { kept: 1 } } : { params: args })),
    locked: { run: () => "{}", forbidden: true },
  });
  expect(JSON.parse(result)).toEqual({ error, kept: 1 });
  expect(world.starts.map((start) => start.name)).toEqual(["c", "c"]);
});

it.each(["/_/inc", "guest/inc", "/guest/inc", "_/inc", "inc"])(
  "finds %s in the namespace that invokes",
  async (action) => {
    const { world } = await play(
      { c: conductor((args) => (args.n === 0 ? { action, params: { n: 1 } } : { ok: 1 })), inc },
      '{"n":0}',
    );
    const known = action.includes("/") && !action.startsWith("/");
    // Without a slash in front the first of two parts is a package.
    expect(world.starts.map((start) => start.name)).toEqual(known ? ["c", "c"] : ["c", "inc", "c"]);
  },
);

it("refuses the 51st component, and lets the conductor end it", async () => {
  const { world, result, record } = await play(
    {
      c: conductor((args) =>
        args.error === undefined ? { action: "inc", params: { n: args.n } } : { said: args.error },
      ),
      inc,
    },
    '{"n":0}',
  );
  expect(world.starts.filter((start) => start.name === "inc").length).toBe(50);
  expect(record.statusCode).toBe(0);
  expect(result).toBe('{"said":"Too many actions in the composition."}');
});

it("ends a conductor that never ends after 101 runs", async () => {
  const { world, result, record } = await play({ c: conductor(() => ({ action: "nowhere" })) });
  expect(world.starts.length).toBe(101);
  expect(record.statusCode).toBe(1);
  expect(result).toBe('{"error":"Too many actions in the composition."}');
});

it("ends a conductor that names itself: 101 runs of all of them together", async () => {
  const { world, record } = await play({ c: conductor(() => ({ action: "c" })) });
  expect(world.starts.length).toBe(101);
  expect(record.statusCode).toBe(1);
  expect([...world.records.values()].filter((each) => each.logs === undefined)).toEqual([]);
  expect(world.core.backlog()).toEqual({ running: 0 });
});

it("ends a conductor that names itself by way of a sequence", async () => {
  const { world, record } = await play({ c: conductor(() => ({ action: "s" })), s: { sequence: ["c"] } });
  expect(world.starts.length).toBeLessThanOrEqual(101);
  expect(record.statusCode).toBe(1);
});

it.each(['"text"', "[1,2]", "null", '{"action":null}', '{"action":{"a":"b"},"state":[1]}', "{}", '{"params":null}'])(
  "ends a conductor that returns %s with one record",
  async (answer) => {
    const world = new Harness({ c: { conductor: () => answer } });
    const run = world.runOf("c");
    await world.call(run, { waitMs: 60_000 });
    expect([...world.records.keys()].filter((id) => id === run.id)).toEqual([run.id]);
    expect(world.core.backlog()).toEqual({ running: 0 });
  },
);

it("runs sequences and conductors inside, which contribute their own ids only", async () => {
  const { world, run } = await play({
    c: conductor((args) => {
      if (args.at === undefined) return { action: "s", params: { n: 1 }, state: { at: 1 } };
      if (args.at === 1) return { action: "d", params: { n: 2 }, state: { at: 2 } };
      return { params: { n: args.n } };
    }),
    d: conductor((args) => (args.back === 1 ? { n: 9 } : { action: "inc", params: { n: 5 }, state: { back: 1 } })),
    s: { sequence: ["inc", "inc"] },
    inc,
  });
  expect(world.told(run.id)).toBe("c s[inc inc] c d[d inc d] c");
  expect(world.result(run.id)).toBe('{"n":9}');
  const d = [...world.records.values()].find((record) => record.name === "d" && record.cause === run.id)!;
  expect(world.annotation(d.activationId, "conductor")).toBe(true);
  expect(world.annotation(d.activationId, "causedBy")).toBe("sequence");
});

it("counts an inner sequence as one component, and an inner conductor's components with its own", async () => {
  const { world } = await play({
    c: conductor((args) => (args.error === undefined ? { action: "d", params: {} } : { params: {} })),
    d: conductor((args) => {
      if (args.error !== undefined) return { error: args.error };
      return { action: "s", params: {} };
    }),
    s: { sequence: ["a", "a"] },
    a: { run: () => "{}" },
  });
  expect(world.starts.filter((start) => start.name === "a").length).toBe(100);
});

it("is one action of the sequence around it, and counts afresh", async () => {
  const world = new Harness({
    s: { sequence: ["c", "c", "a"] },
    c: conductor((args) => {
      const left = (args.left as number | undefined) ?? 40;
      return left === 0 ? { params: {} } : { action: "a", params: {}, state: { left: left - 1 } };
    }),
    a: { run: () => "{}" },
  });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 600_000 });
  expect(world.records.get(run.id)?.statusCode).toBe(0);
  expect(world.starts.filter((start) => start.name === "a").length).toBe(81);
});

it("stops the sequence around it where it ends with an error in its params", async () => {
  const world = new Harness({
    s: { sequence: ["c", "a"] },
    c: conductor(() => ({ params: { error: "said" } })),
    a: { run: () => "{}" },
  });
  const run = world.runOf("s");
  await world.call(run, { waitMs: 60_000 });
  expect(world.result(run.id)).toBe('{"error":"said"}');
  expect(world.starts.map((start) => start.name)).toEqual(["c"]);
});

it("ends with a whisk internal error when the conductor or a component does not answer", async () => {
  const { world, record, result } = await play({ c: { conductor: () => "never" } });
  expect(record.statusCode).toBe(3);
  expect(result).toBe(
    `{"error":"Timeout reached when retrieving activation ${world.starts[0]?.id} during composition."}`,
  );
  const gone = await play({ c: conductor(() => ({ action: "n" })), n: { run: () => "never" } });
  expect(gone.result).toContain("Timeout reached when retrieving activation");
  expect(gone.world.told(gone.run.id)).toBe("c ?");
});

it("carries large states and params along, and leaves no blob of its own behind", async () => {
  const big = "x".repeat(100_000);
  const { world, result } = await play({
    c: conductor((args) =>
      args.big === undefined
        ? { action: "echo", params: { p: big }, state: { big } }
        : { params: { sum: String(args.big).length + String(args.p).length, pad: big } },
    ),
    echo: { run: (args) => args },
  });
  expect(JSON.parse(result)).toEqual({ sum: 200_000, pad: big });
  expect([...world.blobs.keys()].filter((key) => key.startsWith("steps/"))).toEqual([]);
});
