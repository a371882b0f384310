// A controller over a real outbox, with containers and links that do as the test says.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { Outbox } from "../../../runtime-host/delivery/outbox.ts";
import { Payloads } from "../../../runtime-host/link/payloads.ts";
import { RunController } from "../../../runtime-host/runs/run-controller.ts";
import { decodeHostFrame, type EncodedMessage, encodeMessage, packFrames } from "../../../src/protocol/codec.ts";
import type { HostMessage } from "../../../src/protocol/messages.ts";
import { FakeContainers, silent } from "../support.ts";

/** Of the outbox. */
export let dir: string;
let controllers: RunController[];

/** For each test file: a folder for each test, and nothing left of its controllers. */
export function withControllers(): void {
  beforeEach(() => {
    dir = fs.mkdtempSync(join(tmpdir(), "controller-"));
    controllers = [];
  });
  afterEach(() => {
    for (const each of controllers) each.stop();
    vi.useRealTimers();
    fs.rmSync(dir, { recursive: true, force: true });
  });
}

/** A link whose other end is an array; what it is sent is decoded the way the scheduler does it. */
export class FakeLink {
  readonly shard: number;
  open = true;
  sent: HostMessage[] = [];
  redials: string[] = [];
  constructor(shard: number) {
    this.shard = shard;
  }
  send(message: HostMessage) {
    this.sendEncoded(encodeMessage(message));
  }
  sendEncoded(message: EncodedMessage) {
    for (const frame of packFrames([message])) {
      const decoded = decodeHostFrame(frame);
      if (!decoded.ok) throw new Error(decoded.reason);
      this.sent.push(...decoded.messages);
    }
  }
  flush() {}
  redial(reason: string) {
    this.redials.push(reason);
  }
  take(): HostMessage[] {
    return this.sent.splice(0);
  }
}

export function setUp(
  options: {
    shards?: number;
    memory?: number;
    records?: number;
    putBlob?: () => Promise<void>;
    getBlob?: () => Promise<Buffer>;
  } = {},
) {
  const containers = new FakeContainers();
  const links = Array.from({ length: options.shards ?? 1 }, (_, shard) => new FakeLink(shard));
  const blobs = new Map<string, string>();
  const { outbox, kept } = Outbox.open({
    dir,
    bounds: { records: options.records ?? 1000, bytes: 1 << 30 },
    fsync: false,
    log: silent,
    changed: () => controller.healthChanged(),
  });
  const putBlob = vi.fn(async (key: string, bytes: Buffer | string) => {
    await options.putBlob?.();
    blobs.set(key, bytes.toString());
  });
  const controller: RunController = new RunController({
    host: "test",
    boot: "boot-1",
    memory: options.memory ?? 1024,
    links,
    containers,
    outbox,
    kept,
    payloads: new Payloads({ putBlob }, silent),
    blobs: { getBlob: options.getBlob ?? (() => Promise.resolve(Buffer.from('{"from":"blob"}'))) },
    code: { get: () => Promise.resolve(Buffer.from("code")) },
    log: silent,
    welcomed: () => {},
  });
  controllers.push(controller);
  const link = links[0] as FakeLink;
  return { controller, containers, links, link, outbox, kept, blobs, putBlob };
}

export function welcomed(options: Parameters<typeof setUp>[0] = {}) {
  const parts = setUp(options);
  for (const link of parts.links) {
    parts.controller.received(link.shard, [{ t: "welcome", epoch: 1, name: "test/0" }]);
    link.take();
  }
  return parts;
}

export const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
