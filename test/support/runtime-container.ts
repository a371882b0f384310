// Starts a runtime's image as the docker engine does: attached before start, without capabilities, on the bridge.
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import { type Runtime, untilUp } from "./runtime-client.ts";

export const docker = new Docker();

/** Undefined if an engine answers, else why none does. */
export async function whyNoEngine(): Promise<string | undefined> {
  return docker.ping().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

export async function startContainer(image: string, env: Record<string, string> = {}): Promise<Runtime> {
  const container = await docker.createContainer({
    Image: image,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: { "io.edgewhisk.test": "runtime" },
    HostConfig: { CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges"], Memory: 256 * 1024 * 1024, PidsLimit: 256 },
  });
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  const logs = { stdout: "", stderr: "" };
  const pipes = { stdout: new PassThrough(), stderr: new PassThrough() };
  for (const name of ["stdout", "stderr"] as const)
    pipes[name].setEncoding("utf8").on("data", (text: string) => (logs[name] += text));
  docker.modem.demuxStream(stream, pipes.stdout, pipes.stderr);
  const exited = container.wait();
  exited.catch(() => {});
  await container.start();
  const { NetworkSettings } = await container.inspect();
  const url = `http://${Object.values(NetworkSettings.Networks)[0]?.IPAddress}:8080`;
  const stop = async () => {
    await container.remove({ force: true });
  };
  return untilUp({ url, logs: () => logs, exited, stop });
}
