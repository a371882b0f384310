// What users get wrong, through the whole platform: always a clear answer, exactly one record,
// and the platform goes on.

import { crc32 } from "node:zlib";
import { expect, it } from "vitest";
import { basic, GUEST } from "../support/platform.ts";
import { type Bench, onEngines, put, recordOf } from "./engines.ts";

onEngines("bad input", (bench) => {
  const invoke = (name: string, query = "blocking=true") =>
    bench.request(`actions/${name}?${query}`, { method: "POST", body: {} });

  it.each([
    ["missing", undefined, "The resource requires authentication, which was not supplied with the request"],
    [
      "unknown",
      basic(`00000000-0000-0000-0000-000000000000:${"x".repeat(64)}`),
      "The supplied authentication is invalid",
    ],
    ["wrong secret", basic(`${GUEST.slice(0, -1)}x`), "The supplied authentication is invalid"],
    ["malformed", "Basic !!!", undefined],
    ["short secret", basic("guest:guest"), "The supplied authentication is invalid"],
  ])("answers 401 to %s credentials", async (_, authorization, text) => {
    const answer = await fetch(`${bench.platform().url}/api/v1/namespaces/_/actions`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    const body = (await answer.json()) as { error: string; code: string };
    expect(answer.status).toBe(401);
    expect(typeof body.code).toBe("string");
    if (text !== undefined) expect(body.error).toBe(text);
  });

  it("refuses a foreign Origin with development keys", async () => {
    const answer = await bench.request("actions", { headers: { origin: "https://evil.example" } });
    expect(answer.status).toBe(403);
    expect(answer.json.error).toMatch(/origin/i);
  });

  it("answers 404 for an unknown action, in JSON", async () => {
    const answer = await invoke("nobody");
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ error: "The requested resource does not exist.", code: expect.any(String) });
  });

  it("answers Miniflare's own paths with our 404", async () => {
    const answer = await fetch(`${bench.platform().url}/cdn-cgi/anything`, { headers: { host: "localhost" } });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: expect.any(String), code: expect.any(String) });
  });

  it.each([
    ["not JSON", "{", 400],
    ["an array", "[1]", 400],
    ["a scalar", "7", 400],
    ["too large", JSON.stringify({ x: "y".repeat(1024 * 1024) }), 413],
  ])("refuses a payload that is %s", async (_, text, status) => {
    await put(bench, "bad-echo", { code: "function main(a) { return a; }" });
    const answer = await bench.request("actions/bad-echo?blocking=true", { method: "POST", text });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ error: expect.any(String), code: expect.any(String) });
  });

  it.each([
    ["does not parse", "function main( {", 2, /Initialization has failed due to/],
    ["throws at load", "throw new Error('at load')", 2, /Initialization has failed due to/],
    ["throws at run", "function main() { throw new Error('at run'); }", 2, /An error has occurred/],
    ["returns a scalar", "function main() { return 7; }", 2, /did not return a dictionary/],
    ["exits", "function main() { process.exit(0); }", 2, /did not produce a valid response and exited unexpectedly/],
  ])("ends as an action developer error when code %s", async (name, code, statusCode, text) => {
    const action = `bad-${name.replaceAll(" ", "-")}`;
    await put(bench, action, { code });
    const answer = await invoke(action);
    expect(answer.status).toBe(502);
    expect(answer.json.response).toMatchObject({ success: false, status: "action developer error" });
    expect(answer.json.response.result.error).toMatch(text);
    expect(statusCode).toBe(2);
    const record = await recordOf(bench, answer.json.activationId);
    expect(record.response.result).toEqual(answer.json.response.result);
  });

  it("ends an action that never returns at its time limit", async () => {
    await put(bench, "bad-forever", {
      code: "function main() { return new Promise(() => {}); }",
      limits: { timeout: 500 },
    });
    const answer = await invoke("bad-forever");
    expect(answer.status).toBe(502);
    expect(answer.json.response.result.error).toBe("The action exceeded its time limits of 500 milliseconds.");
    expect(answer.json.annotations).toContainEqual({ key: "timeout", value: true });
  });

  it("ends an endless loop at its time limit", async () => {
    await put(bench, "bad-loop", { code: "function main() { for (;;); }", limits: { timeout: 500 } });
    expect((await invoke("bad-loop")).json.response.result.error).toMatch(
      /exceeded its time limits of 500 milliseconds/,
    );
  });

  it.each([
    ["no zip", Buffer.from("PK not a zip at all, really not, no").toString("base64")],
    ["a zip that escapes its folder", zipWith("../../escaped.js", "module.exports = 1").toString("base64")],
  ])("refuses %s at init", async (name, code) => {
    const action = `bad-zip-${name.length}`;
    await put(bench, action, { code });
    const answer = await invoke(action);
    expect(answer.status).toBe(502);
    expect(answer.json.response.status).toBe("action developer error");
    expect(answer.json.response.result.error).toMatch(/Initialization has failed due to/);
  });
});

onEngines(
  "bad input that needs a real container",
  (bench) => {
    it("survives an action that prints 200 MB, with bounded memory and a neighbour served", async () => {
      await put(bench, "flood", {
        code: `function main() {
  const line = "x".repeat(1023) + "\\n";
  const chunk = line.repeat(64);
  for (let n = 0; n < 200 * 16; n++) require("fs").writeSync(1, chunk);
  return { printed: true };
}`,
      });
      await put(bench, "neighbour", { code: "function main() { return {}; }" });
      const quiet = await times(bench, 60);
      const before = residentOf(bench);
      const flood = bench.request("actions/flood?blocking=true", { method: "POST", body: {} });
      const [during, answer, peak] = await Promise.all([times(bench, 120), flood, peakOf(bench, flood)]);
      expect(answer.status).toBe(200);
      const record = await recordOf(bench, answer.json.activationId);
      expect(record.logs.at(-1)).toMatch(
        /stderr: Logs were truncated because the total bytes size exceeds the limit of 10485760 bytes\./,
      );
      expect(peak - before).toBeLessThan(50 * 1024);
      console.log(
        `flood: host grew ${((peak - before) / 1024).toFixed(1)} MB; neighbour p99 ${quiet.p99.toFixed(1)} -> ${during.p99.toFixed(1)} ms`,
      );
    });

    it("names memory when an action uses more than it may", async () => {
      await put(bench, "hog", {
        code: "function main() { const kept = []; for (;;) kept.push(Buffer.alloc(8 * 1024 * 1024, 1)); }",
        limits: { memory: 128, timeout: 20_000 },
      });
      const answer = await bench.request("actions/hog?blocking=true", { method: "POST", body: {} });
      expect(answer.status).toBe(502);
      expect(answer.json.response.result.error).toBe("The action exhausted its memory and was aborted.");
    });

    it("survives a fork bomb and serves the next call", async () => {
      await put(bench, "bomb", {
        code: `const { spawn } = require("child_process");
function main() {
  return new Promise(() => {
    const loop = () => { try { spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]).on("error", () => {}); } catch {} setImmediate(loop); };
    loop();
  });
}`,
        limits: { timeout: 3000 },
      });
      const answer = await bench.request("actions/bomb?blocking=true", { method: "POST", body: {} });
      expect(answer.status).toBe(502);
      const after = await bench.request("actions/neighbour?blocking=true&result=true", { method: "POST", body: {} });
      expect(after.status).toBe(200);
    });
  },
  { engines: ["docker"] },
);

async function times(bench: Bench, calls: number): Promise<{ p99: number }> {
  const seen: number[] = [];
  for (let n = 0; n < calls; n++) {
    const at = performance.now();
    const answer = await bench.request("actions/neighbour?blocking=true&result=true", { method: "POST", body: {} });
    expect(answer.status).toBe(200);
    seen.push(performance.now() - at);
  }
  seen.sort((a, b) => a - b);
  return { p99: seen[Math.floor(seen.length * 0.99)] ?? Number.NaN };
}

/** Largest resident size of the host process in KB while `busy` runs. */
async function peakOf(bench: Bench, busy: Promise<unknown>): Promise<number> {
  let peak = 0;
  let over = false;
  const end = () => {
    over = true;
  };
  busy.then(end, end);
  while (!over) {
    peak = Math.max(peak, residentOf(bench));
    await new Promise((done) => setTimeout(done, 50));
  }
  return peak;
}

function residentOf(bench: Bench): number {
  const pid = bench.platform().pids().host[0];
  const status = process.getBuiltinModule("node:fs").readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

/** A zip of one stored file, its name taken as it is. */
function zipWith(name: string, content: string): Buffer {
  const data = Buffer.from(content);
  const file = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(crc32(data), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(data.length, 18);
  common.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, file, data]);
  const central = Buffer.alloc(46);
  central.write("PK\x01\x02", 0, "latin1");
  central.writeUInt16LE(20, 4);
  common.copy(central, 6);
  const directory = Buffer.concat([central, file]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, directory, end]);
}
