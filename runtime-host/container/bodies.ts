// The bodies of /init and /run. Arguments go in byte for byte; code is never parsed, only quoted.

import type { Job } from "./contract.ts";

/** `deadline`: epoch ms. */
export function runBody(job: Job, deadline: number): string {
  const rest = JSON.stringify(job.context);
  return `{"value":${job.args},${rest === "{}" ? "" : `${rest.slice(1, -1)},`}"deadline":"${deadline}"}`;
}

/** Code as stored: base64 text for binary code, source text otherwise. `null` for images that carry their own. */
export function initBody(job: Job, code: Buffer | null, deadline: number): Buffer {
  const env: Record<string, string> = { ...job.initEnv };
  for (const [name, value] of Object.entries(job.context)) env[`__OW_${name.toUpperCase()}`] = value;
  env.__OW_DEADLINE = String(deadline);
  const name = job.path.slice(job.path.lastIndexOf("/") + 1);
  const head = `{"value":{"name":${JSON.stringify(name)},"main":${JSON.stringify(job.main ?? "main")}`;
  const tail = `"binary":${job.binary},"env":${JSON.stringify(env)}}}`;
  if (code === null) return Buffer.from(`${head},${tail}`);
  // Base64 needs no escapes: 48 MB are copied once, not turned into a string and back.
  if (job.binary && isBase64(code))
    return Buffer.concat([Buffer.from(`${head},"code":"`), code, Buffer.from(`",${tail}`)]);
  return Buffer.from(`${head},"code":${JSON.stringify(code.toString("utf8"))},${tail}`);
}

function isBase64(bytes: Buffer): boolean {
  for (const byte of bytes) {
    const plain = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
    if (!plain && byte !== 0x2b && byte !== 0x2f && byte !== 0x3d && byte !== 0x2d && byte !== 0x5f) return false;
  }
  return true;
}
