// Finds the Docker engine (DOCKER_HOST, else the socket Docker's tools use) and asks whether it answers.

import { Agent } from "node:http";
import Docker, { type DockerOptions } from "dockerode";

const ANSWER_WAIT = 3_000;

/** The place is looked up once, not before each call. Nothing is sent. */
export async function connectDocker(): Promise<Docker> {
  const docker = new Docker();
  const { socketPath } = docker.modem as { socketPath?: string | (() => Promise<string>) };
  const path = typeof socketPath === "function" ? await socketPath() : socketPath;
  // A connection kept over an engine's restart would fail the next call.
  if (path === undefined) return docker;
  // The types do not know of the agent.
  const options: DockerOptions & { agent: Agent } = { socketPath: path, agent: new Agent({ keepAlive: false }) };
  return new Docker(options);
}

/** Rejects if the engine does not answer within a moment. */
export async function pingDocker(docker: Docker, patience = ANSWER_WAIT): Promise<void> {
  // The types do not know that a ping can be given up.
  const ping = docker.ping as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
  await ping.call(docker, { abortSignal: AbortSignal.timeout(patience) });
}
