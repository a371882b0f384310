import { describe, expect, it } from "vitest";
import type { RunMessage } from "../../../runtime-host/link/messages.ts";
import { completionOf, contextOf, neverRan, Run } from "../../../runtime-host/runs/run.ts";
import { failure } from "../../../src/entities/outcome.ts";
import { answerOf, idOf, metaOf, runOf } from "../support.ts";

const opened = (message: RunMessage = runOf(1)) => {
  const { about, id } = message.invocation;
  const assignment = { id, attempt: 1, lease: message.lease, about, revision: "1", memory: 256, since: 0 };
  return new Run(message, { shard: 0, assignment, code: undefined });
};
const told = { host: "h1", engine: "docker", now: 1_000 };

describe("what an action is told of its run", () => {
  it("is who calls and who provides, and a credential only where one was sent", () => {
    const message = runOf(1, { invocation: { about: { ...metaOf("x"), namespace: "caller", path: "guest/pack/x" } } });
    const context = contextOf(message);
    expect(context).toMatchObject({ namespace: "caller", action_name: "/guest/pack/x", activation_id: idOf(1) });
    expect(context).not.toHaveProperty("api_key");
    expect(contextOf({ ...message, key: "uuid:secret" }).api_key).toBe("uuid:secret");
  });
});

describe("a run that has answered", () => {
  it("is told with whole milliseconds, the age of its end, and no logs before they are whole", () => {
    const run = opened();
    run.answer = answerOf({ duration: 5.6, initTime: 7.4, endedAt: 980.2 });
    const completion = completionOf(run, { ...told, logs: null });
    expect(completion).toMatchObject({
      duration: 7,
      initTime: 7,
      endedAgo: 20,
      engine: "docker",
      host: "h1",
      size: 11,
    });
    expect(completion).not.toHaveProperty("logs");
  });

  it("has a last line where it ended as the developer's error, unless it keeps no logs", () => {
    const run = opened();
    run.answer = answerOf({ outcome: failure(2, { text: "no" }), endedAt: 0 });
    const linesFor = (lines: string) => {
      const { logs } = completionOf(run, { ...told, logs: { lines } });
      return JSON.parse((logs as { inline: string }).inline) as string[];
    };
    expect(linesFor("[]")).toEqual([
      expect.stringMatching(/ stderr: The action did not initialize or run as expected/),
    ]);
    expect(linesFor('["a", "b"] ')).toEqual(["a", "b", expect.stringContaining("might be missing")]);
    run.answer = answerOf({ endedAt: 0 });
    expect(linesFor('["a"]')).toEqual(["a"]);
    const none = opened(runOf(1, { invocation: { about: { ...metaOf("x"), limits: { ...run.limits, logs: 0 } } } }));
    none.answer = answerOf({ outcome: failure(2, { text: "no" }), endedAt: 0 });
    expect(completionOf(none, { ...told, logs: { lines: "[]" } }).logs).toEqual({ inline: "[]" });
  });

  it("names no engine where no container ever ran it", () => {
    const run = opened();
    run.answer = neverRan("No memory.", 900);
    const completion = completionOf(run, { ...told, logs: { lines: "[]", cut: 12 } });
    expect(completion).toMatchObject({ ran: false, engine: "none", statusCode: 3, endedAgo: 100, logsCut: 12 });
    expect(completion.logs).toEqual({ inline: "[]" });
  });

  it("has no completion before it has answered", () => {
    expect(() => completionOf(opened(), { ...told, logs: null })).toThrow("without an answer");
  });
});
