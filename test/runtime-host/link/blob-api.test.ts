import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BlobApi, BlobApiError, openBlobApi } from "../../../runtime-host/link/blob-api.ts";
import { aboutDigest } from "../../../src/protocol/proofs.ts";
import { metaOf } from "../../durable-objects/calls.ts";

let server: Server;
let blobs: BlobApi;
let handle: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;
let requests: {
  method: string;
  url: string;
  authorization: string | undefined;
  headers: IncomingMessage["headers"];
  body: Buffer;
}[];

const GRANT = { lease: { epoch: 3, counter: 17 }, about: metaOf({ name: "größe" }) };

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      requests.push({
        method: request.method ?? "",
        url: request.url ?? "",
        authorization: request.headers.authorization,
        headers: request.headers,
        body,
      });
      handle(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  blobs = open(port, { timeoutMs: 10_000 });
});

function open(port: number, { timeoutMs }: { timeoutMs: number }): BlobApi {
  return openBlobApi({ url: `http://127.0.0.1:${port}`, token: "host-token", tries: 3, firstPauseMs: 5, timeoutMs });
}

afterEach(async () => {
  await blobs.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("blobs and code are asked for by key with the token", async () => {
  handle = (_request, response) => response.end("bytes");
  expect((await blobs.getBlob("args/a b/1", { max: 100 })).toString()).toBe("bytes");
  expect((await blobs.getCode("code/abc", { max: 100 })).toString()).toBe("bytes");
  await blobs.putBlob("results/x/1", "ä", GRANT);
  expect(requests.map((each) => [each.method, each.url, each.authorization])).toEqual([
    ["GET", "/host/v1/blobs/args/a%20b/1", "Bearer host-token"],
    ["GET", "/host/v1/code/code/abc", "Bearer host-token"],
    ["PUT", "/host/v1/blobs/results/x/1", "Bearer host-token"],
  ]);
  expect(requests[2]?.body.toString()).toBe("ä");
  expect(requests[2]?.headers).toMatchObject({
    "edgewhisk-lease": "3.17",
    "edgewhisk-about": encodeURIComponent(aboutDigest(GRANT.about)),
    "edgewhisk-namespace": GRANT.about.namespaceId,
  });
});

test("what may pass is tried again, a bounded number of times", async () => {
  let failures = 2;
  handle = (request, response) => {
    if (failures-- > 0) {
      if (failures === 0) request.socket.destroy();
      else response.writeHead(503).end();
    } else response.end("at last");
  };
  expect((await blobs.getBlob("x", { max: 100 })).toString()).toBe("at last");
  expect(requests).toHaveLength(3);
  failures = 100;
  await expect(blobs.getBlob("x", { max: 100 })).rejects.toMatchObject({ final: false });
  expect(requests).toHaveLength(6);
});

test.each([401, 403, 404, 413])("a %i is final", async (status) => {
  handle = (_request, response) => response.writeHead(status).end("no");
  await expect(blobs.putBlob("x", "y", GRANT)).rejects.toMatchObject({ final: true });
  await expect(blobs.putBlob("x", "y", GRANT)).rejects.toBeInstanceOf(BlobApiError);
  expect(requests).toHaveLength(2);
});

test("more bytes than allowed are not read", async () => {
  handle = (_request, response) => response.end(Buffer.alloc(1_000_000));
  await expect(blobs.getBlob("x", { max: 1000 })).rejects.toMatchObject({ final: true });
});

test("a server that never answers is given up, try by try", async () => {
  handle = () => {};
  const impatient = open((server.address() as AddressInfo).port, { timeoutMs: 60 });
  await expect(impatient.getBlob("x", { max: 1000 })).rejects.toMatchObject({ final: false });
  await impatient.close();
  expect(requests).toHaveLength(3);
});

test("an answer that ends before its end at each try is a damaged blob; one that does so once is tried again", async () => {
  const cutShort = (response: ServerResponse) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("12345", () => response.destroy());
  };
  handle = (_request, response) => cutShort(response);
  const error = await blobs.getCode("code/x", { max: 100 }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "BlobApiError", final: false, cut: true });
  expect(requests).toHaveLength(3);
  let first = true;
  handle = (_request, response) => {
    if (first) cutShort(response);
    else response.end("1234567890");
    first = false;
  };
  expect((await blobs.getCode("code/x", { max: 100 })).toString()).toBe("1234567890");
  let tries = 0;
  handle = (_request, response) => {
    if (++tries === 2) response.writeHead(503).end();
    else cutShort(response);
  };
  expect(await blobs.getCode("code/x", { max: 100 }).catch((thrown: unknown) => thrown)).toMatchObject({ cut: false });
});
