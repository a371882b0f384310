// Real brokers of the tests' own (Debian's mosquitto and nats-server), each on a port of its own and with its state in
// a folder of its own.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { describe, it } from "vitest";
import type { Certificate } from "./certificates.ts";
import { freePort } from "./platform.ts";

/** Where Debian puts them is not on everybody's path. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
const PATIENCE_MS = 100_000;
/** Messages that a stream is sent before the first of them is answered. */
const ON_THEIR_WAY = 64;

export interface Broker {
  readonly port: number;
  up(): Promise<void>;
  /** At once, as if its power had gone. */
  kill(): Promise<void>;
  /** With what it keeps. */
  close(): Promise<void>;
}

/** Debian's packages that are missing of these. */
export function missingOf(programs: readonly string[]): string[] {
  return programs.filter((program) => spawnSync(program, ["--help"], { env, stdio: "ignore" }).error !== undefined);
}

/** Tests that need these programs (brokers, or a compiler): where one is missing they fail in CI, and elsewhere are
 * left out, and it is said why. */
export function withBrokers(title: string, programs: readonly string[], run: () => void): void {
  const missing = missingOf(programs);
  if (missing.length === 0) {
    describe(title, run);
    return;
  }
  const why = `not installed: ${missing.join(", ")} (Debian's mosquitto, mosquitto-clients, nats-server, openssl, gcc)`;
  if (process.env.CI === "true") {
    it(title, () => {
      throw new Error(why);
    });
    return;
  }
  console.log(`left out: ${title}: ${why}`);
  describe.skip(`${title}: ${why}`, run);
}

export interface Account {
  username: string;
  password: string;
}

/** `account`: the only one that it lets in; `tls`: it speaks nothing else; `durable`: each change is on its disk at
 * once, and survives a kill. */
export async function startMosquitto({
  account,
  tls,
  durable = false,
}: {
  account?: Account;
  tls?: Certificate;
  durable?: boolean;
} = {}): Promise<Broker> {
  return start("mosquitto", (folder, port) => {
    const lines = [`listener ${port} 127.0.0.1`, "max_queued_messages 0", "max_inflight_messages 1000"];
    if (durable) {
      lines.push("persistence true", `persistence_location ${folder}/`, "autosave_on_changes true");
      lines.push("autosave_interval 1");
    }
    if (tls !== undefined) lines.push(`certfile ${tls.cert}`, `keyfile ${tls.key}`);
    // Else it would be another user, who may not read here.
    if (process.getuid?.() === 0) lines.push("user root");
    if (account === undefined) lines.push("allow_anonymous true");
    else {
      const file = join(folder, "passwords");
      spawnSync("mosquitto_passwd", ["-b", "-c", file, account.username, account.password], { env });
      lines.push(`password_file ${file}`);
    }
    writeFileSync(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
    return ["-c", join(folder, "mosquitto.conf")];
  });
}

/** With JetStream. `token`: what lets in; `tls`: it speaks nothing else. */
export async function startNats({ token, tls }: { token?: string; tls?: Certificate } = {}): Promise<Broker> {
  return start("nats-server", (folder, port) => [
    ...["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder],
    ...(token === undefined ? [] : ["--auth", token]),
    ...(tls === undefined ? [] : ["--tls", "--tlscert", tls.cert, "--tlskey", tls.key]),
  ]);
}

async function start(program: string, prepare: (folder: string, port: number) => string[]): Promise<Broker> {
  for (let tries = 1; ; tries++) {
    const folder = mkdtempSync(join(tmpdir(), "edgewhisk-broker-"));
    const port = await freePort();
    const broker = brokerOf(program, { folder, port, args: prepare(folder, port) });
    try {
      await broker.up();
      return broker;
    } catch (error) {
      // Somebody else may have taken the port meanwhile.
      await broker.close();
      if (tries === 3) throw error;
    }
  }
}

function brokerOf(
  program: string,
  { folder, port, args }: { folder: string; port: number; args: readonly string[] },
): Broker {
  let child: ChildProcess | null = null;
  let said = "";
  const broker: Broker = {
    port,
    async up() {
      const started = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
      child = started;
      for (const stream of [started.stdout, started.stderr]) stream.on("data", (text) => (said += text));
      const end = Date.now() + PATIENCE_MS;
      while (!(await answers(port)) || started.exitCode !== null) {
        if (started.exitCode !== null || Date.now() > end) throw new Error(`${program} does not come up:\n${said}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async kill() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
    async close() {
      await broker.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return broker;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Publishes each of `messages`, in order, and returns when the broker has taken them all. */
export async function publish(
  port: number,
  messages: readonly string[],
  { topic, qos, account, version = 5 }: { topic: string; qos: 0 | 1 | 2; account?: Account; version?: 4 | 5 },
): Promise<void> {
  const args = ["-h", "127.0.0.1", "-p", String(port), "-t", topic, "-q", String(qos), "-l"];
  args.push("-V", version === 5 ? "mqttv5" : "mqttv311");
  if (account !== undefined) args.push("-u", account.username, "-P", account.password);
  const child = spawn("mosquitto_pub", args, { env, stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  child.stdin.end(messages.map((each) => `${each}\n`).join(""));
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`mosquitto_pub: ${code}: ${said}`);
}

export interface TestStream {
  /** Returns when the server has stored them all, in order. */
  publish(subject: string, messages: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function startStream(
  port: number,
  { name, subject }: { name: string; subject: string },
): Promise<TestStream> {
  const connection = await connectNats({ servers: `127.0.0.1:${port}` });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [subject] });
  const client = jetstream(connection, { timeout: PATIENCE_MS });
  return {
    async publish(to, messages) {
      // As a producer does that is not to wait for each answer: they go in order, and some are on their way.
      for (let at = 0; at < messages.length; at += ON_THEIR_WAY) {
        const some = messages.slice(at, at + ON_THEIR_WAY);
        await Promise.all(some.map((message) => client.publish(to, message)));
      }
    },
    close: () => connection.close(),
  };
}

export async function publishPlain(port: number, subject: string, message: string): Promise<void> {
  const connection = await connectNats({ servers: `127.0.0.1:${port}` });
  connection.publish(subject, message);
  await connection.drain();
}
