// What is printed once the platform serves: how the proof went, and lines that work when pasted.

import type { Proof } from "./proof.ts";

export interface Serving {
  url: string;
  /** Of the web console; null: it is off. */
  consoleUrl: string | null;
  engine: string;
  /** The namespace key, or a command that prints it where the key itself must not stand on a screen again. */
  key: { text: string } | { file: string };
  proof: Proof;
  /** ms from start to first answer. */
  took: number;
}

export function greeting(serving: Serving): string {
  const { proof, url } = serving;
  const auth = "text" in serving.key ? serving.key.text : `"$(cat ${shellQuoted(serving.key.file)})"`;
  return `
  hello action   ${proof.result}   cold ${proof.cold.toFixed(0)} ms, warm ${proof.warm.toFixed(1)} ms
  serving        ${url}   (${serving.engine} engine, ${(serving.took / 1000).toFixed(1)} s to the first answer; stop with Ctrl-C)
  console        ${serving.consoleUrl ?? "off (--console-port, or EDGEWHISK_CONSOLE_PORT, gives it a port)"}

  wsk property set --apihost ${url} --auth ${auth}

  curl -s -u ${auth} -H 'content-type: application/json' -d '{"name":"you"}' \\
    '${url}/api/v1/namespaces/whisk.system/actions/utils/echo?blocking=true&result=true'

`;
}

/** The same for programs. A key that was shown once before is named by its file. */
export function greetingObject({ url, consoleUrl, engine, key, proof, took }: Serving) {
  return {
    url,
    ...(consoleUrl === null ? {} : { consoleUrl }),
    engine,
    ...("text" in key ? { key: key.text } : { keyFile: key.file }),
    tookMs: Math.round(took),
    proof: { result: proof.result, coldMs: proof.cold, warmMs: proof.warm },
  };
}

function shellQuoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
