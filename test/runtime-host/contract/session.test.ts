// One session with a container's HTTP door: what it sends, what an answer is, and what is called broken.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Broken, END, quote, Session, whenListening } from "../../../runtime-host/contract/session.ts";

let server: Server;
let url: string;
let got: [string, string, string][];
let printed: { stdout: string; stderr: string };
let stops: number;

beforeEach(async () => {
  got = [];
  stops = 0;
  printed = { stdout: "", stderr: "" };
  server = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    got.push([request.method ?? "", request.url ?? "", body]);
    if (request.url === "/hello") return response.writeHead(200, { "content-length": "2" }).end("{}");
    if (request.url === "/run") return response.destroy();
    return response.end("not JSON");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const session = () => new Session({ url, printed, stop: async () => void stops++ });

it("sends what the contract says, and reads answers that are JSON or not", async () => {
  const open = session();
  expect(await open.hello()).toEqual({ status: 200, text: "{}", body: {}, length: "2" });
  expect(await open.init({ code: "x" })).toMatchObject({ status: 200, text: "not JSON", body: undefined });
  expect(got).toEqual([
    ["GET", "/hello", ""],
    ["POST", "/init", '{"value":{"code":"x"}}'],
  ]);
  await open.close();
  expect(stops).toBe(1);
});

it("calls it broken where a run is not answered", async () => {
  const open = session();
  await expect(open.run({ n: 1 }, { activation_id: "12ab" })).rejects.toThrow(Broken);
  expect(JSON.parse(got[0]?.[2] ?? "")).toMatchObject({ value: { n: 1 }, activation_id: "12ab" });
  await open.close();
});

it("waits for the end markers of both streams, and counts them", async () => {
  const open = session();
  printed.stdout = `one\n${END}\n`;
  const ended = open.ended(1);
  printed.stderr = `${END}\n`;
  await ended;
  printed.stdout += `${END}\n${END}\n`;
  printed.stderr += `${END}\n`;
  await expect(open.ended(2)).rejects.toThrow("after 2 runs there are 3 end markers on stdout and 2 on stderr");
  await open.close();
});

it("knows whether somebody listens", async () => {
  expect(await whenListening(url, 5_000)).toBe(true);
  await new Promise<void>((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
  expect(await whenListening(url, 50)).toBe(false);
});

it("quotes what is short whole, and of what is long the beginning", () => {
  expect(quote({ status: 200, text: "{}", body: {}, length: "2" })).toBe("200 {}");
  const long = quote({ status: 500, text: "x".repeat(300), body: undefined, length: undefined });
  expect(long).toBe(`500 ${"x".repeat(200)}…`);
});
