// One container of an image, started as the host starts them but belonging to no pool:
// for looking at what the image does.

import { Broken, type Subject, whenListening } from "../../contract/session.ts";
import { connectDocker, pingDocker, whyNoEngine } from "./connect.ts";
import { DockerContainer } from "./container.ts";
import { askInfo } from "./info.ts";
import { LABEL } from "./names.ts";
import { ensureNetwork, namesFor, PLAIN } from "./network.ts";
import { takesSeccomp } from "./security.ts";

const MEMORY_MB = 256;
const LISTENING_WAIT_MS = 30_000;
/** Of each stream; more is dropped. */
const MAX_PRINTED_BYTES = 16 * 1024 * 1024;

export interface Trial {
  /** The kind its label names, or null. */
  readonly kind: string | null;
  /** Rejects with Broken where the image does not start or listen. */
  start(): Promise<Subject>;
  /** Removes what still runs. */
  close(): Promise<void>;
}

/** Null where there is no such image; rejects with Broken where there is no engine. */
export async function openTrial(image: string): Promise<Trial | null> {
  const docker = await connectDocker();
  await pingDocker(docker).catch((error: unknown) => {
    throw new Broken(`${whyNoEngine(error)}.`);
  });
  const found = await docker
    .getImage(image)
    .inspect()
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode === 404) return null;
      throw error;
    });
  if (found === null) return null;
  const seccomp = takesSeccomp(await askInfo(docker));
  const names = namesFor(PLAIN);
  await ensureNetwork(docker, names);
  let number = 0;
  const running = new Set<DockerContainer>();
  return {
    async close() {
      await Promise.allSettled([...running].map((each) => each.remove()));
    },
    kind: found.Config?.Labels?.[LABEL.kind] ?? null,
    async start() {
      const printed = { stdout: "", stderr: "" };
      const container = await DockerContainer.start(docker, {
        spec: { number: ++number, kind: "contract", memory: MEMORY_MB },
        settings: {
          host: { name: `contract-${process.pid}`, boot: "contract" },
          image: found.Id,
          own: found.Config?.Labels?.[LABEL.kind] !== undefined,
          network: names.network,
          names: null,
          hosts: [],
          seccomp,
          apiHost: "http://127.0.0.1:9",
          pids: 256,
          cpuShares: 0,
        },
        sink: {
          output(stream, bytes) {
            const name = stream === 1 ? "stdout" : "stderr";
            if (printed[name].length < MAX_PRINTED_BYTES) printed[name] += bytes.toString("utf8");
          },
          ended() {},
        },
        made: (made) => running.add(made),
      }).catch((error: Error) => {
        throw new Broken(`the container does not start: ${error.message}`);
      });
      const stop = async () => {
        await container.remove();
        running.delete(container);
      };
      const { address } = container;
      const url = "host" in address ? `http://${address.host}:${address.port}` : "";
      if (await whenListening(url, LISTENING_WAIT_MS)) return { url, printed, stop };
      await stop();
      const said = (printed.stderr || printed.stdout).trim().slice(-500);
      throw new Broken(
        `nobody listens on port 8080 after ${LISTENING_WAIT_MS / 1000} s${said === "" ? "" : `; it printed: ${said}`}`,
      );
    },
  };
}
