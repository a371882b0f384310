// Finds the Docker engine (DOCKER_HOST, else the socket Docker's tools use) and asks whether it,
// or a registry, answers.

import { Agent } from "node:http";
import { userInfo } from "node:os";
import Docker, { type DockerOptions } from "dockerode";
import { reasonOf } from "../../program/logger.ts";
import { type ImageName, localName, type RegistryCredential } from "../registry/registry-rules.ts";

const ANSWER_WAIT_MS = 3_000;
const LOOK_TIMEOUT_MS = 5_000;

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
export async function pingDocker(docker: Docker, patience = ANSWER_WAIT_MS): Promise<void> {
  // The types do not know that a ping can be given up.
  const ping = docker.ping as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
  await ping.call(docker, { abortSignal: AbortSignal.timeout(patience) });
}

/** Has the engine look at an image where it comes from, fetching nothing. Rejects with the engine's words, or those of
 * the time limit. */
export function lookAt(docker: Docker, name: ImageName, credential: RegistryCredential | undefined): Promise<void> {
  const abortSignal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  const options = {
    path: `/distribution/${localName(name)}/json`,
    method: "GET",
    statusCodes: { 200: true, 401: "unauthorized", 403: "denied", 404: "not found", 500: "server error" },
    abortSignal,
    ...(credential === undefined ? {} : { authconfig: { ...credential, serveraddress: name.registry } }),
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(options as unknown as Parameters<typeof docker.modem.dial>[0], (error: unknown) => {
      if (abortSignal.aborted) reject(new Error(`the look took longer than ${LOOK_TIMEOUT_MS / 1000} s`));
      else if (error === null || error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

/** Why there is no engine to use, with the way out where it is there and may not be used. */
export function whyNoEngine(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EPERM") return `no Docker engine answers (${reasonOf(error)})`;
  const { username } = userInfo();
  return `a Docker engine is there, but ${username} may not use it (${reasonOf(error)}): add the user to the group docker (sudo usermod -aG docker ${username}), then log in anew`;
}
