// First administration against a platform that knows one host and one subject: what is refused changes nothing.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { edgewhisk } from "../run.ts";

let server: Server;
let url: string;
let changes: string[];

beforeEach(async () => {
  changes = [];
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
  server.closeAllConnections();
  server.close();
});

const bootstrap = (...args: string[]) => edgewhisk(["bootstrap", ...args], { env: { ADMIN_TOKEN: "the-admin-token" } });

it("makes one key and one token, and prints lines that name no host", async () => {
  const { code, out } = await bootstrap("--url", url, "--subject", "engineers", "--host-name", "second");
  expect(code).toBe(0);
  expect(changes).toEqual(["identity engineers", "host second"]);
  expect(out).toContain(`wsk property set --apihost ${url} --auth uuid:key\n`);
  expect(out).toContain(`EDGEWHISK_TOKEN=ewh.token npx edgewhisk host --url ${url}\n`);
});

it("tells them as JSON, one object a line", async () => {
  const { out } = await bootstrap("--url", url, "--subject", "engineers", "--host-name", "second", "--json");
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { namespace: "engineers", key: "uuid:key" },
    { host: "second", token: "ewh.token", url },
  ]);
});

it.each<[string, string[], number, RegExp]>([
  [
    "a host that is there",
    ["--subject", "engineers"],
    1,
    /a host host-1 already, and nothing was changed: .*--rotate$/,
  ],
  ["a subject that has a key", ["--host-name", "second"], 1, /choose another --subject.*nothing was changed$/],
  ["a subject that has a key, with --rotate", ["--rotate"], 1, /choose another --subject.*nothing was changed$/],
  [
    "a name that is none",
    ["--subject", "engineers", "--host-name", "Second"],
    2,
    /--host-name Second: expected lower-case/,
  ],
  [
    "more shards than there may be",
    ["--shards", "17"],
    2,
    /^edgewhisk bootstrap: --shards 17: expected a number from 1 to/,
  ],
])("%s is refused before anything is changed", async (_, args, exit, sentence) => {
  const { code, out, err } = await bootstrap("--url", url, ...args);
  expect(code).toBe(exit);
  expect(changes).toEqual([]);
  expect(out).toBe("");
  expect(err.trim()).toMatch(sentence);
});

it("replaces a token where that is said", async () => {
  expect((await bootstrap("--url", url, "--subject", "engineers", "--rotate")).code).toBe(0);
  expect(changes).toEqual(["identity engineers", "host host-1"]);
});

it("does not lose the key it has made when the token fails", async () => {
  const { code, out, err } = await bootstrap("--url", url, "--subject", "engineers", "--host-name", "late");
  expect(code).toBe(1);
  expect(out).toContain("--auth uuid:key");
  expect(err).toContain("the key above is made, the host's token is not: /admin/v1/hosts answered 503: not now");
});

it("takes an address of this machine without its scheme", async () => {
  const { code } = await bootstrap("--url", url.replace("http://", ""), "--subject", "engineers", "--host-name", "b");
  expect(code).toBe(0);
});

it("says of an address where nobody speaks TLS what to write instead", async () => {
  const { code, err } = await bootstrap("--url", url.replace("http:", "https:"));
  expect(code).toBe(1);
  expect(err.trim()).toBe(
    `edgewhisk bootstrap: ${url.replace("http:", "https:")} does not answer: it speaks no TLS there: if it is meant to, say ${url}`,
  );
});

it("is not allowed with another token, which it does not repeat", async () => {
  const env = { EDGEWHISK_ADMIN_TOKEN: "not-the-token", ADMIN_TOKEN: "the-admin-token" };
  const { code, out, err } = await edgewhisk(["bootstrap", "--url", url], { env });
  expect([code, out, err]).toEqual([4, "", `edgewhisk bootstrap: ${url} does not accept this admin token\n`]);
});

it("takes the token from standard input, and wants one", async () => {
  const args = ["bootstrap", "--url", url, "--subject", "engineers", "--host-name", "second"];
  expect((await edgewhisk(args, { secret: "the-admin-token" })).code).toBe(0);
  const { code, err } = await edgewhisk(args);
  expect([code, err]).toEqual([2, expect.stringMatching(/no admin token: set EDGEWHISK_ADMIN_TOKEN/)]);
});
