// The front door as raw sockets find it: requests that are never whole, and heads that make no sense.

import { connect } from "node:net";
import { expect, it } from "vitest";
import { pacedMs, slowness } from "../support/machine-pace.ts";
import { basic, GUEST } from "../support/platform.ts";
import { type Bench, onEngines, put } from "./engines.ts";

const KEYED = `Authorization: ${basic(GUEST)}\r\n`;
const END = "Connection: close\r\n\r\n";
const WEB = [{ key: "web-export", value: true }];

/** The status line, and ms until the connection was closed. `drip`: one more byte every so many ms. `leaveAfter`:
 * we go away then. */
function say(
  bench: Bench,
  text: string,
  { drip, leaveAfter }: { drip?: number; leaveAfter?: number } = {},
): Promise<{ status: string; body: string; ms: number }> {
  const { hostname, port } = new URL(bench.platform().url);
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = "";
    const dripping = drip === undefined ? undefined : setInterval(() => socket.write(" "), drip);
    const leaving = leaveAfter === undefined ? undefined : setTimeout(() => socket.destroy(), leaveAfter);
    socket.setTimeout(100_000, () => socket.destroy(new Error("the server keeps the connection")));
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearInterval(dripping);
      clearTimeout(leaving);
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      resolve({ status: head.split("\r\n", 1)[0] ?? "", body, ms: performance.now() - began });
    });
  });
}

function silent(path: string, { method = "POST", more = "", length = 1_000 } = {}): string {
  const type = "Content-Type: application/json\r\n";
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}${type}Content-Length: ${length}\r\n\r\n{"a"`;
}

onEngines(
  "the front door",
  (bench) => {
    it("gives up a body that is silent for ten seconds, and goes on serving others meanwhile", async () => {
      await put(bench, "door", { code: "function main(a) { return a; }", annotations: WEB });
      const actions = "/api/v1/namespaces/_/actions";
      const waiting = Promise.all(
        [
          silent(`${actions}/door`, { more: KEYED }),
          silent(`${actions}/door`, { more: KEYED, length: 900_000 }),
          silent(`${actions}/made`, { method: "PUT", more: KEYED }),
          silent("/api/v1/namespaces/_/triggers/made", { method: "PUT", more: KEYED }),
          silent("/api/v1/web/guest/default/door.json"),
        ].map((text) => say(bench, text)),
      );
      const refused = Promise.all([silent(`${actions}/door`), silent("/nowhere")].map((text) => say(bench, text)));
      const answer = await bench.request("actions/door?blocking=true&result=true", { method: "POST", body: { n: 1 } });
      expect(answer.json).toEqual({ n: 1 });
      for (const { status, ms, body } of await waiting) {
        expect([status, JSON.parse(body).error]).toEqual([
          "HTTP/1.1 408 Request Timeout",
          "The body of the request did not come within 10 seconds, or stopped for as long.",
        ]);
        expect(ms).toBeGreaterThan(9_000);
      }
      expect((await refused).map(({ status }) => status)).toEqual([
        "HTTP/1.1 401 Unauthorized",
        "HTTP/1.1 404 Not Found",
      ]);
    });

    it("gives up a body that drips, well before its sender has tired", async () => {
      await put(bench, "door", { code: "function main(a) { return a; }", annotations: WEB });
      const text = silent("/api/v1/namespaces/_/actions/door", { more: KEYED, length: 900_000 });
      const { status, body, ms } = await say(bench, text, { drip: 1_000 });
      expect([status, JSON.parse(body).error]).toEqual([
        "HTTP/1.1 408 Request Timeout",
        "The body of the request comes too slowly: on the whole at least 8 KB must come in a second.",
      ]);
      expect(ms / slowness()).toBeLessThan(20_000);
    });

    it("has its places again when clients go away in the middle of their bodies", async () => {
      const text = silent("/api/v1/web/guest/default/door.json");
      await Promise.all(Array.from({ length: 64 }, () => say(bench, text, { leaveAfter: 2_000 })));
      const { status } = await say(bench, text);
      expect(status).toBe("HTTP/1.1 408 Request Timeout");
    });

    it("lets the anonymous have sixty-four late bodies, and nobody else suffers", async () => {
      const text = silent("/api/v1/web/guest/default/door.json");
      const all = Promise.all(Array.from({ length: 80 }, () => say(bench, text)));
      let over = false;
      const ended = all.then(() => {
        over = true;
      });
      const answer = await bench.request("actions/door?blocking=true&result=true", { method: "POST", body: { n: 2 } });
      expect([answer.json, over]).toEqual([{ n: 2 }, false]);
      await ended;
      const statuses = (await all).map(({ status }) => status.slice(9, 12));
      expect(statuses.filter((each) => each === "408")).toHaveLength(64);
      expect(statuses.filter((each) => each === "429")).toHaveLength(16);
    });

    it("drops half-sent heads by itself and serves beside a thousand of them", async () => {
      const half = Array.from({ length: 1_000 }, () =>
        say(bench, "POST /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "),
      );
      const took = await pacedMs(async () => {
        for (let round = 0; round < 20; round++) expect((await fetch(`${bench.platform().url}/ping`)).status).toBe(200);
      });
      expect(took).toBeLessThan(10_000);
      const answers = await Promise.all(half);
      const slow = slowness();
      for (const { status, ms } of answers) {
        expect(status).toBe("");
        expect(ms / slow).toBeLessThan(40_000);
      }
    });

    it.each(["[::::", "[::1", "a b", "a:b", "a:99999", "%00", "a/b", "a?b", "x@y", "<"])(
      "answers a Host of %j with a 400",
      async (host) => {
        for (const path of ["/ping", "/api/v1/web/guest/default/door", "/api/v1/namespaces"]) {
          const { status, body } = await say(bench, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${END}`);
          expect([path, status]).toEqual([path, "HTTP/1.1 400 Bad Request"]);
          expect(JSON.parse(body)).toEqual({
            error: expect.stringContaining("names no host"),
            code: expect.any(String),
          });
        }
      },
    );

    it.each(["127.0.0.1", "localhost:3233", "[::1]:80", "ow.example.org"])("takes a Host of %s", async (host) => {
      const { status } = await say(bench, `GET /ping HTTP/1.1\r\nHost: ${host}\r\n${END}`);
      expect(status).toBe("HTTP/1.1 200 OK");
    });

    it("reads a path in one way: dot segments are refused, escapes in a prefix change nothing", async () => {
      await put(bench, "door", { code: "function main(a) { return a; }", annotations: WEB });
      const ask = (path: string) => say(bench, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${END}`);
      for (const path of [
        "/api/v1/web/../namespaces",
        "/api/v1/web/%2e%2E/namespaces/_/actions",
        "/api/v1/web/guest/default/door.json/../x",
        "/./ping",
        "/api\\v1/namespaces",
      ]) {
        const { status, body } = await ask(path);
        expect([path, status]).toEqual([path, "HTTP/1.1 400 Bad Request"]);
        expect(JSON.parse(body).error).toMatch(/^The path of the address holds/);
      }
      for (const path of ["/api/v1/web/guest/default/door.json?n=1", "/api/v1/%77eb/guest/default/door.json?n=1"]) {
        const { status, body } = await ask(path);
        expect([path, status, JSON.parse(body).n]).toEqual([path, "HTTP/1.1 200 OK", "1"]);
      }
    });

    it("tunnels nobody, and takes no CONNECT for an error of its own", async () => {
      const { status, body, ms } = await say(bench, "CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n\r\n");
      expect([status.includes(" 500 "), body, ms / slowness() < 5_000]).toEqual([false, "", true]);
    });
  },
  { engines: ["process"] },
);
