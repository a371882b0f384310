// First administration against a platform that knows one host and one subject: what is refused changes nothing.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bootstrap } from "../../../runtime-host/cli/bootstrap.ts";

let server: Server;
let url: string;
let changes: string[];
let out: string;
let err: string;

beforeEach(async () => {
  changes = [];
  out = err = "";
  vi.stubEnv("ADMIN_TOKEN", "the-admin-token");
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += String(text);
    return true;
  });
  server = createServer(async (request, response) => {
    const { method, url: path = "", headers } = request;
    const body = JSON.parse((await request.toArray()).join("") || "{}");
    const answer = (status: number, value: unknown) => response.writeHead(status).end(JSON.stringify(value));
    if (headers.authorization !== "Bearer the-admin-token") return answer(401, { error: "no" });
    if (method === "GET") return answer(200, [{ name: "host-1", created: 1 }]);
    if (path.endsWith("/identities")) {
      if (body.subject === "guest") return answer(409, { error: "resource already exists" });
      changes.push(`identity ${body.subject}`);
      return answer(200, { subject: body.subject, namespace: body.subject, key: "uuid:key" });
    }
    if (body.name === "host-1" && body.rotate !== true) return answer(409, { error: "exists" });
    if (body.name === "late") return answer(503, { error: "not now" });
    changes.push(`host ${body.name}`);
    return answer(200, { name: body.name, token: "ewh.token" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

it("makes one key and one token, and prints lines that name no host", async () => {
  expect(await bootstrap(["--url", url, "--subject", "engineers", "--host-name", "second"])).toBe(0);
  expect(changes).toEqual(["identity engineers", "host second"]);
  expect(out).toContain(`wsk property set --apihost ${url} --auth uuid:key\n`);
  expect(out).toContain(`EDGEWHISK_TOKEN=ewh.token npx edgewhisk host --url ${url}\n`);
});

it.each([
  ["a host that is there", ["--subject", "engineers"], /a host host-1 already, and nothing was changed: .*--rotate$/],
  ["a subject that has a key", ["--host-name", "second"], /choose another --subject.*nothing was changed$/],
  ["a subject that has a key, with --rotate", ["--rotate"], /choose another --subject.*nothing was changed$/],
  [
    "a name that is none",
    ["--subject", "engineers", "--host-name", "Second"],
    /--host-name Second: expected lower-case/,
  ],
])("%s is refused before anything is changed", async (_, args, sentence) => {
  expect(await bootstrap(["--url", url, ...args])).toBeGreaterThan(0);
  expect(changes).toEqual([]);
  expect(out).toBe("");
  expect(err.trim()).toMatch(sentence);
});

it("replaces a token where that is said", async () => {
  expect(await bootstrap(["--url", url, "--subject", "engineers", "--rotate"])).toBe(0);
  expect(changes).toEqual(["identity engineers", "host host-1"]);
});

it("does not lose the key it has made when the token fails", async () => {
  expect(await bootstrap(["--url", url, "--subject", "engineers", "--host-name", "late"])).toBe(1);
  expect(out).toContain("--auth uuid:key");
  expect(err).toContain("the key above is made, the host's token is not: /admin/v1/hosts answered 503: not now");
});

it("takes an address of this machine without its scheme", async () => {
  expect(await bootstrap(["--url", url.replace("http://", ""), "--subject", "engineers", "--host-name", "b"])).toBe(0);
});

it("says of an address where nobody speaks TLS what to write instead", async () => {
  expect(await bootstrap(["--url", url.replace("http:", "https:")])).toBe(1);
  expect(err.trim()).toBe(
    `edgewhisk bootstrap: ${url.replace("http:", "https:")} does not answer: it speaks no TLS there: if it is meant to, say ${url}`,
  );
});
