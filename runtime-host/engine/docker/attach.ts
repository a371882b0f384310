// A container's output over a socket of our own. Through an HTTP client each read would allocate: 200 MB of output
// became 100 MB of garbage. Here all containers share one buffer, which is valid during the call that gets it.

import { connect } from "node:net";
import type Docker from "dockerode";

export interface AttachHandlers {
  data(chunk: Buffer): void;
  /** Once, whatever the reason. */
  over(): void;
}

const SHARED = Buffer.allocUnsafe(64 * 1024);
const ANSWER_WAIT_MS = 10_000;
const MAX_HEAD_BYTES = 16 * 1024;

/** Resolves when the engine has attached; from then on nothing is lost. */
export async function attach(docker: Docker, id: string, handlers: AttachHandlers): Promise<void> {
  const { socketPath } = docker.modem as { socketPath?: unknown };
  if (typeof socketPath === "string") return attachTo(socketPath, id, handlers);
  const stream = await docker.getContainer(id).attach({ stream: true, stdout: true, stderr: true });
  const over = once(handlers.over);
  stream.on("data", (chunk: Buffer) => handlers.data(chunk));
  stream.on("end", over).on("close", over).on("error", over);
}

function attachTo(path: string, id: string, handlers: AttachHandlers): Promise<void> {
  return new Promise((resolve, reject) => {
    let head: string | null = "";
    const fail = (reason: string) => {
      socket.destroy();
      reject(Object.assign(new Error(reason), head === "" ? {} : { statusCode: 500 }));
    };
    const take = (bytes: Buffer) => {
      if (head === null) return handlers.data(bytes);
      head += bytes.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return head.length > MAX_HEAD_BYTES ? fail("the engine's answer is not HTTP") : undefined;
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
      if (status !== 101 && status !== 200) return fail(`attach was answered with ${status}`);
      const rest = head.slice(end + 4);
      head = null;
      socket.setTimeout(0);
      resolve();
      if (rest !== "") handlers.data(Buffer.from(rest, "latin1"));
    };
    const socket = connect({
      path,
      onread: {
        buffer: SHARED,
        callback: (bytes, buffer) => {
          take((buffer as Buffer).subarray(0, bytes));
          return true;
        },
      },
    });
    const over = once(() => (head === null ? handlers.over() : fail("the engine hung up")));
    socket.setTimeout(ANSWER_WAIT_MS, () => fail("the engine does not answer"));
    socket.on("error", over).on("end", over).on("close", over);
    socket.write(
      `POST /containers/${id}/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\n` +
        "Upgrade: tcp\r\nContent-Length: 0\r\n\r\n",
    );
  });
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
