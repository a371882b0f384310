// Large things travel beside the frames: HTTP to the Worker with the host's token, keep-alive, bounded in size,
// time and tries.

import pRetry from "p-retry";
import { Pool } from "undici";
import type { ActivationMeta } from "../../src/entities/activation.ts";
import type { Lease } from "../../src/protocol/messages.ts";
import { aboutDigest } from "../../src/protocol/proofs.ts";
import { reasonOf } from "../program/logger.ts";

export interface BlobApi {
  /** Rejects with BlobApiError. */
  getBlob(key: string, options: { max: number }): Promise<Buffer>;
  /** Under the lease of the activation whose result or logs it is. */
  putBlob(key: string, bytes: Buffer | string, grant: { lease: Lease; about: ActivationMeta }): Promise<void>;
  getCode(key: string, options: { max: number }): Promise<Buffer>;
  close(): Promise<void>;
}

export class BlobApiError extends Error {
  /** The platform refused for good: the same request will not succeed later. */
  readonly final: boolean;
  /** Each try was answered, and each answer ended before its end: the blob is damaged. */
  readonly cut: boolean;
  constructor(message: string, options: { final: boolean; cut?: boolean }) {
    super(message);
    this.name = "BlobApiError";
    this.final = options.final;
    this.cut = options.cut ?? false;
  }
}

interface Payload {
  body?: Buffer | string;
  /** Bytes of the answer. */
  max: number;
  headers?: Record<string, string>;
}

export interface BlobApiOptions {
  url: string;
  token: string;
  tries?: number;
  firstPauseMs?: number;
  /** ms for one try. */
  timeoutMs?: number;
}

/** What may stand in a header as it is. */
const HEADER_VALUE = /^[\x21-\x7e]{1,200}$/;
/** Between two tries. */
const MAX_PAUSE_MS = 2_000;

export function openBlobApi(options: BlobApiOptions): BlobApi {
  const { token, tries = 4, firstPauseMs = 100, timeoutMs = 30_000 } = options;
  const pool = new Pool(options.url, {
    connections: 16,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connectTimeout: 5_000,
  });
  const authorization = `Bearer ${token}`;

  async function once(method: "GET" | "PUT", path: string, payload: Payload): Promise<Buffer> {
    const { body, max, headers = {} } = payload;
    const response = await pool.request({
      method,
      path,
      headers: {
        authorization,
        ...headers,
        ...(body === undefined ? {} : { "content-type": "application/octet-stream" }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const status = response.statusCode;
    if (status >= 200 && status < 300) {
      try {
        return await collect(response.body, max);
      } catch (error) {
        if (error instanceof BlobApiError || (error as Error).name === "TimeoutError") throw error;
        throw new BlobApiError(reasonOf(error), { final: false, cut: true });
      }
    }
    await response.body.dump({ limit: 65_536 });
    const final = status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429;
    throw new BlobApiError(`the platform answered ${status}`, { final });
  }

  async function request(method: "GET" | "PUT", path: string, payload: Payload): Promise<Buffer> {
    let cut = true;
    try {
      return await pRetry(() => once(method, path, payload), {
        retries: tries - 1,
        minTimeout: firstPauseMs,
        maxTimeout: MAX_PAUSE_MS,
        randomize: true,
        onFailedAttempt: ({ error }) => {
          cut &&= error instanceof BlobApiError && error.cut;
        },
        shouldRetry: ({ error }) => !isFinal(error),
      });
    } catch (error) {
      throw isFinal(error) ? error : new BlobApiError(reasonOf(error), { final: false, cut });
    }
  }

  return {
    getBlob: (key, { max }) => request("GET", `/host/v1/blobs/${encoded(key)}`, { max }),
    async putBlob(key, body, { lease, about }) {
      const headers = {
        "edgewhisk-lease": `${lease.epoch}.${lease.counter}`,
        "edgewhisk-about": encodeURIComponent(aboutDigest(about)),
        ...(HEADER_VALUE.test(about.namespaceId) ? { "edgewhisk-namespace": about.namespaceId } : {}),
      };
      await request("PUT", `/host/v1/blobs/${encoded(key)}`, { body, max: 65_536, headers });
    },
    getCode: (key, { max }) => request("GET", `/host/v1/code/${encoded(key)}`, { max }),
    close: () => pool.destroy(),
  };
}

function isFinal(error: unknown): boolean {
  return error instanceof BlobApiError && error.final;
}

async function collect(body: AsyncIterable<Buffer>, max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Leaving the loop destroys the stream.
    if (size > max) throw new BlobApiError(`the platform sent more than ${max} bytes`, { final: true });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Slashes in keys are part of the path. */
function encoded(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}
