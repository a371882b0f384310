import { describe, expect, it } from "vitest";
import { initBody, runBody } from "../../../runtime-host/container/bodies.ts";
import type { Job } from "../../../runtime-host/container/contract.ts";

const DEADLINE = 1_700_000_000_000;
const job = (changes: Partial<Job> = {}): Job => ({
  ...{ id: "1".repeat(32), attempt: 1, namespaceId: "ns", path: "guest/pack/hello", revision: "1", kind: "nodejs:24" },
  ...{ binary: false, limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 }, args: "{}" },
  ...{ context: {}, initEnv: {} },
  ...changes,
});

describe("the body of /run", () => {
  it("holds the arguments byte for byte, and what is told beside them", () => {
    const args = '{"big":12345678901234567890, "one":1.0,"n":{}}';
    const body = runBody(job({ args, context: { namespace: "guest", action_name: '/guest/"x"' } }), DEADLINE);
    expect(body).toContain(`"value":${args}`);
    expect(JSON.parse(body)).toMatchObject({
      ...{ namespace: "guest", action_name: '/guest/"x"', deadline: String(DEADLINE) },
    });
  });

  it("is whole without a context", () => {
    expect(JSON.parse(runBody(job({ args: "[1]" }), DEADLINE))).toEqual({ value: [1], deadline: String(DEADLINE) });
  });
});

describe("the body of /init", () => {
  const parsed = (body: Buffer) => (JSON.parse(body.toString("utf8")) as { value: Record<string, unknown> }).value;

  it("names the action by its last part, and calls main where nothing else is said", () => {
    const value = parsed(initBody(job(), Buffer.from("function main() {}"), DEADLINE));
    expect(value).toMatchObject({ name: "hello", main: "main", binary: false, code: "function main() {}" });
    expect(parsed(initBody(job({ main: "go" }), Buffer.from(""), DEADLINE)).main).toBe("go");
  });

  it("quotes source text, whatever is in it", () => {
    const source = `const s = "\\n\u2028ä"; // \0\n`;
    expect(parsed(initBody(job(), Buffer.from(source), DEADLINE)).code).toBe(source);
  });

  it("takes base64 as it is, and what only claims to be base64 as text", () => {
    const base64 = Buffer.from("PK\x03\x04 anything").toString("base64");
    expect(parsed(initBody(job({ binary: true }), Buffer.from(base64), DEADLINE)).code).toBe(base64);
    const broken = 'AAAA","binary":false,"x":"';
    const value = parsed(initBody(job({ binary: true }), Buffer.from(broken), DEADLINE));
    expect(value).toMatchObject({ code: broken, binary: true });
    expect(value).not.toHaveProperty("x");
  });

  it("has no code where the image carries its own", () => {
    expect(parsed(initBody(job({ kind: "blackbox" }), null, DEADLINE))).not.toHaveProperty("code");
  });

  it("gives the context as __OW_ variables, init parameters beside them, and the deadline", () => {
    const context = { api_key: "uuid:key", namespace: "guest" };
    const { env } = parsed(initBody(job({ context, initEnv: { HOME: "/x", N: "1" } }), null, DEADLINE));
    expect(env).toEqual({
      ...{ HOME: "/x", N: "1", __OW_API_KEY: "uuid:key", __OW_NAMESPACE: "guest", __OW_DEADLINE: String(DEADLINE) },
    });
  });
});
