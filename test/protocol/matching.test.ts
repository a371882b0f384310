import { describe, expect, it } from "vitest";
import {
  canRun,
  impossible,
  isLabel,
  type Listed,
  lackOf,
  memoryOf,
  type Need,
  needFrom,
  needOf,
  needText,
  obstacle,
  runtimeOf,
  shareText,
  sharingOf,
} from "../../src/protocol/matching.ts";
import { callOf } from "../durable-objects/calls.ts";

function host(options: Partial<Listed> & { kinds?: string[] } = {}): Listed {
  const { kinds = ["nodejs:20"], ...rest } = options;
  const runtimes = kinds.map((kind) => ({ kind }));
  return { memory: 1024, runtimes, blackbox: false, connected: true, draining: false, ...rest };
}

const NODE: Need = { kind: "nodejs:20", memory: 256, labels: [] };
const PYTHON: Need = { kind: "python:3.11", memory: 256, labels: [] };

describe("what a host can run", () => {
  it("asks for kind, memory and labels, and says which is missing", () => {
    expect(canRun(host(), NODE)).toBe(true);
    expect(lackOf(host(), PYTHON)).toBe("kind");
    expect(lackOf(host({ memory: 255 }), NODE)).toBe("memory");
    expect(lackOf(host({ memory: 256 }), NODE)).toBeUndefined();
    expect(lackOf(host({ labels: ["gpu"] }), { ...NODE, labels: ["eu", "gpu"] })).toBe("labels");
    expect(lackOf(host({ labels: ["gpu", "eu", "big"] }), { ...NODE, labels: ["eu", "gpu"] })).toBeUndefined();
    expect(lackOf(host(), { ...NODE, kind: "blackbox" })).toBe("kind");
    expect(lackOf(host({ blackbox: true }), { ...NODE, kind: "blackbox" })).toBeUndefined();
  });
});

describe("why a call waits", () => {
  it.each<[string, Listed[], Need]>([
    ["no runtime host is connected", [], NODE],
    ["no runtime host is connected", [host({ connected: false })], NODE],
    ["no connected host can run python:3.11", [host(), host({ connected: false, kinds: ["python:3.11"] })], PYTHON],
    ["all hosts that can run it are busy", [host(), host({ kinds: ["python:3.11"] })], PYTHON],
    ["the host that can run it is draining", [host(), host({ kinds: ["python:3.11"], draining: true })], PYTHON],
    ["the host that can run it is unhealthy: draining", [host({ unhealthy: "draining" })], NODE],
    [
      "the host that can run it is unhealthy: its outbox cannot be written",
      [host({ unhealthy: "the outbox cannot be written: ENOSPC: no space left on device, open '/var/x/outbox/1'" })],
      NODE,
    ],
    ["the host that can run it is unhealthy: its operator is told why", [host({ unhealthy: "/srv/a: b" })], NODE],
    [
      "it needs 512 MB, and no connected host that can run it has more than 256 MB",
      [host({ memory: 256 }), host({ memory: 4096, kinds: ["python:3.11"] })],
      { ...NODE, memory: 512 },
    ],
    ["no connected host that can run nodejs:20 has the label gpu", [host()], { ...NODE, labels: ["gpu"] }],
  ])("%s", (expected, hosts, need) => {
    expect(obstacle(hosts, need)).toBe(expected);
  });
});

describe("what nobody could ever hold", () => {
  it("is judged by memory and labels of all hosts ever seen; kinds may come", () => {
    const away = host({ connected: false, memory: 512 });
    expect(impossible([], { ...NODE, memory: 100_000 })).toBeUndefined();
    expect(impossible([host({ memory: 256 }), away], { ...NODE, memory: 512 })).toBeUndefined();
    expect(impossible([host({ memory: 256 }), away], { ...NODE, memory: 513 })).toMatch(/513 MB.* more than 512 MB/);
    expect(impossible([host()], PYTHON)).toBeUndefined();
    expect(impossible([host()], { ...NODE, labels: ["gpu"] })).toBe("no host of this platform has the label gpu");
    const gpu = host({ labels: ["gpu"], memory: 256 });
    expect(impossible([host({ memory: 4096 }), gpu], { ...NODE, memory: 512, labels: ["gpu"] })).toMatch(/256 MB/);
  });
});

describe("needs as texts", () => {
  it("are equal where the needs are, and can be read back", () => {
    const one = needOf(callOf({ labels: ["b", "a", "b"] }));
    expect(one).toEqual({ kind: "nodejs:20", memory: 256, labels: ["a", "b"] });
    expect(needText(one)).toBe(needText(needOf(callOf({ labels: ["a", "b"] }))));
    expect(needFrom(needText(one))).toEqual(one);
    expect(needText(needOf(callOf()))).toBe('["nodejs:20",256]');
  });

  it("labels are words", () => {
    expect(["gpu", "zone=eu-west", "a/b:1.2"].every(isLabel)).toBe(true);
    expect(["", "a b", '"', "-x", "x".repeat(65)].some(isLabel)).toBe(false);
  });
});

describe("who shares a container", () => {
  it("is told by namespace, action, revision and memory, and by nothing else", () => {
    const call = callOf();
    const text = shareText(sharingOf(call));
    expect(shareText(sharingOf(callOf({ blocking: true })))).toBe(text);
    expect(shareText(sharingOf(callOf({ revision: "2" })))).not.toBe(text);
    expect(shareText(sharingOf(callOf({ about: { namespaceId: "other" } })))).not.toBe(text);
    expect(shareText(sharingOf(callOf({ about: { path: "guest/other" } })))).not.toBe(text);
    const larger = callOf({ about: { limits: { timeout: 60_000, memory: 512, logs: 10, concurrency: 1 } } });
    expect(shareText(sharingOf(larger))).not.toBe(text);
  });

  it("containers are counted whole", () => {
    expect([0, 1, 4, 5].map((runs) => memoryOf(runs, { memory: 256, concurrency: 4 }))).toEqual([0, 256, 256, 512]);
    expect(memoryOf(3, { memory: 128, concurrency: 0 })).toBe(384);
  });

  it("a black box is its image", () => {
    expect(runtimeOf({ kind: "nodejs:20", image: "ignored" })).toBe("nodejs:20");
    expect(runtimeOf({ kind: "blackbox", image: "a/b:1" })).toBe("blackbox:a/b:1");
  });
});
