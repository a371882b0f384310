// User events are what OpenWhisk's own consumers read: its fields, its names, its rules for what is left out.

import { describe, expect, it } from "vitest";
import { type ActivationMeta, type Completion, completionOf, recordOf } from "../../src/entities/activation.ts";
import { metaOf as recordMetaOf } from "../../src/entities/describe-record.ts";
import { failure } from "../../src/entities/outcome.ts";
import { resultStatusCode, userStatusCode } from "../../src/metrics/activations.ts";
import { activationEvent, limitEvent } from "../../src/metrics/user-event.ts";
import { completed, metaOf, START } from "../durable-objects/calls.ts";

const ID = "0".repeat(32);

function eventOf(about: Partial<ActivationMeta>, completion: Completion) {
  const whole = metaOf({ acceptedAt: START - 50, ...about });
  const record = recordOf(ID, whole, { completion, now: START });
  record.meta = recordMetaOf(whole, { completion, start: record.start });
  return activationEvent(record, whole, START + 5);
}

describe("an event of an activation", () => {
  it("has the members of upstream's, in its order", () => {
    const about = { namespace: "caller", namespaceId: "ns-1", subject: "alice", path: "other/pack/hello" } as const;
    const completion = {
      ...completed('{"statusCode":404}'),
      statusCode: 1 as const,
      initTime: 7,
      duration: 20,
      host: "h",
    };
    const event = eventOf({ ...about, causedBy: "sequence" }, completion);
    expect(JSON.stringify(event)).toBe(
      JSON.stringify({
        source: "h",
        body: {
          ...{ name: "other/pack/hello", activationId: ID, statusCode: 1, duration: 20, waitTime: 30, initTime: 7 },
          ...{ kind: "nodejs:20", conductor: false, memory: 256, causedBy: "sequence", size: 18 },
          userDefinedStatusCode: 404,
        },
        ...{ subject: "alice", namespace: "caller", userId: "ns-1", eventType: "Activation", timestamp: START + 5 },
      }),
    );
  });

  it("leaves out what there is not, and tells of what never ran without times", () => {
    const { source, body } = eventOf({}, completionOf(failure(3, { text: "nobody could run it" })));
    expect(source).toBe("controller");
    expect(body).toMatchObject({ statusCode: 3, duration: 0, waitTime: 0, initTime: 0 });
    expect(body).not.toHaveProperty("causedBy");
    expect(body).not.toHaveProperty("userDefinedStatusCode");
  });

  it("tells of a conductor that it is one, and how long it waited", () => {
    const { body } = eventOf({ conductor: true, topmost: true, kind: "sequence" }, { ...completed(), ran: false });
    expect(body).toMatchObject({ conductor: true, kind: "sequence", waitTime: 47 });
  });
});

describe("an event of a limit", () => {
  it("has upstream's names, and the namespace's permanent id", () => {
    const limit = {
      metricName: "TimedRateLimit",
      metricValue: 1,
      subject: "alice",
      namespace: "guest",
      at: START,
    } as const;
    expect(limitEvent(limit, "ns-1")).toEqual({
      source: "controller",
      body: { metricName: "TimedRateLimit", metricValue: 1 },
      ...{ subject: "alice", namespace: "guest", userId: "ns-1", eventType: "Metric", timestamp: START },
    });
  });
});

describe("the status code of a result", () => {
  it.each([
    ['{"statusCode":404}', 404],
    ['{"error":{"statusCode":"404"},"statusCode":200}', 404],
    ['{"error":"no","statusCode":201}', 201],
    ['{"statusCode":"i404"}', 400],
    ['{"statusCode":null}', 400],
    ['{"statusCode":200.5}', 400],
    ['{"statusCode":99999999999}', 400],
    ['{"statusCode":7}', 7],
    ['{"statusCode":"-1"}', -1],
    ['{"body":{"statusCode":404}}', null],
    ['["statusCode"]', null],
    ['{"statusCode":', null],
  ])("of %s is %s", (inline, code) => {
    expect(resultStatusCode({ result: { inline } })).toBe(code);
  });

  it("is one of HTTP's where it is a label", () => {
    expect(userStatusCode({ result: { inline: '{"statusCode":7}' } })).toBe(400);
    expect(userStatusCode({ result: { inline: '{"statusCode":"503"}' } })).toBe(503);
    expect(userStatusCode({ result: { blob: "results/x", size: 1 } })).toBeNull();
  });
});
