import { describe, expect, it } from "vitest";
import type { Answer, Job, RunListener } from "../../../runtime-host/container/contract.ts";
import { notMade } from "../../../runtime-host/pool/not-run.ts";

function outcomeOf(why: Parameters<typeof notMade>[1]["why"], changes: { logs?: number; image?: string } = {}) {
  const said: { answer?: Answer; lines?: string[]; refused?: string } = {};
  const job = { kind: "blackbox", image: changes.image ?? "me/mine", limits: { logs: changes.logs ?? 10 } } as Job;
  const listener: RunListener = {
    answered: (_, answer) => {
      said.answer = answer;
    },
    collected: (_, logs) => {
      said.lines = JSON.parse(logs.lines) as string[];
    },
    refused: (_, reason) => {
      said.refused = reason;
    },
  };
  notMade({ job, listener }, { why, detail: "manifest\n  unknown" });
  return said;
}

describe("a call that no container ran", () => {
  it("goes back where the engine is the reason: another host may run it", () => {
    expect(outcomeOf("engine")).toEqual({ refused: "busy" });
  });

  it("ends with the engine's words in its logs, on one line, where the image cannot be had", () => {
    const { answer, lines } = outcomeOf("pull");
    expect(answer).toMatchObject({ ran: false, duration: 0, outcome: { statusCode: 2 } });
    expect(answer?.outcome.result).toContain("Failed to pull container image 'me/mine'.");
    expect(lines).toEqual([expect.stringMatching(/ stderr: The image could not be pulled: manifest unknown$/)]);
  });

  it("has no logs where the action keeps none, or nothing is to be said", () => {
    expect(outcomeOf("pull", { logs: 0 }).lines).toEqual([]);
    expect(outcomeOf("command").lines).toEqual([]);
  });

  it("is the developer's error where the command is missing, and the system's where nothing could be made", () => {
    expect(outcomeOf("command").answer?.outcome.statusCode).toBe(2);
    expect(outcomeOf("provision").answer?.outcome.statusCode).toBe(3);
  });
});
