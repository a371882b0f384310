import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { isLoopback, parseConfig, urlOf } from "../../../runtime-host/standalone/config.ts";

const configOf = (argv: string[], env: Record<string, string> = {}) => {
  const parsed = parseConfig(argv, env);
  if (parsed.kind !== "config") throw new Error(`${parsed.kind}: ${"message" in parsed ? parsed.message : ""}`);
  return parsed.config;
};
const messageOf = (argv: string[], env: Record<string, string> = {}) => {
  const parsed = parseConfig(argv, env);
  return parsed.kind === "error" ? parsed.message : `no error but ${parsed.kind}`;
};

describe("configuration of the one-machine mode", () => {
  it("listens on loopback port 3233 with state in the current folder by default", () => {
    expect(configOf([])).toEqual({
      port: 3233,
      console: { port: 3234, fixed: false },
      host: "127.0.0.1",
      loopback: true,
      state: resolve(".edgewhisk"),
      engine: "auto",
      developmentKeys: false,
      salvage: false,
      dev: false,
      feeds: { d1: {}, r2: {} },
      vars: {},
    });
  });

  it("takes files that feeds may read by names that no other binding has", () => {
    const argv = ["--feed-d1", "ORDERS=orders.sqlite", "--feed-d1=B=/data/a=b", "--feed-r2", "UPLOADS=/data/up"];
    expect(configOf(argv).feeds).toEqual({
      d1: { ORDERS: resolve("orders.sqlite"), B: "/data/a=b" },
      r2: { UPLOADS: "/data/up" },
    });
    for (const wrong of ["orders=/a", "=/a", "ORDERS", "ORDERS=", "../DB=/a"]) {
      expect(messageOf(["--feed-d1", wrong])).toContain("NAME=FILE");
    }
    expect(messageOf(["--dev", ...argv])).toContain("wrangler.toml");
  });

  it("takes each flag from its variable, and the flag wins", () => {
    const env = { EDGEWHISK_PORT: "4000", EDGEWHISK_ENGINE: "docker", EDGEWHISK_STATE: "/a", EDGEWHISK_MEMORY: "512" };
    expect(configOf([], env)).toMatchObject({ port: 4000, engine: "docker", state: "/a", memory: 512 });
    expect(configOf(["--port", "5000", "--state=/b"], env)).toMatchObject({ port: 5000, state: "/b" });
    expect(configOf([], { EDGEWHISK_HOST: "0.0.0.0", EDGEWHISK_DEV_KEYS: "1" })).toMatchObject({
      host: "0.0.0.0",
      loopback: false,
      developmentKeys: true,
    });
  });

  it("lays --var over the Worker's variables", () => {
    expect(configOf(["--var", "A=1", "--var", "B_2=x=y"]).vars).toEqual({ A: "1", B_2: "x=y" });
    expect(messageOf(["--var", "nonsense"])).toContain("NAME=VALUE");
  });

  it.each([
    [["--prot", "1"], "Unknown option '--prot'"],
    [["extra"], "Unexpected argument 'extra'"],
    [["--port", "70000"], "--port 70000: expected a number"],
    [["--port", "-1"], "--port -1: expected a number"],
    [["--memory", "-5"], "--memory -5: expected a number of MB"],
    [["--host", "example.org"], "--host example.org: expected an IP address"],
    [["--engine", "podman"], "--engine podman: expected auto, docker or process"],
    [["--memory", "12"], "--memory 12: expected a number of MB"],
  ])("refuses %j with one line", (argv, text) => {
    expect(messageOf(argv)).toContain(text);
    expect(messageOf(argv)).not.toContain("\n");
  });

  it("says where records go, by flag or variable, and refuses what is no place", () => {
    const vars = (argv: string[], env = {}) => {
      const parsed = parseConfig(argv, env);
      return parsed.kind === "config" ? parsed.config.vars : parsed;
    };
    expect(vars([])).toEqual({});
    expect(vars(["--activation-store", "d1+r2"])).toEqual({ ACTIVATION_STORE: "d1+r2" });
    expect(vars([], { EDGEWHISK_ACTIVATION_STORE: "ElasticSearch" })).toEqual({ ACTIVATION_STORE: "ElasticSearch" });
    expect(vars(["--outbound-allow", "10.1.0.0/16,fd00::/8"])).toEqual({ OUTBOUND_ALLOW: "10.1.0.0/16,fd00::/8" });
    for (const range of ["10.1.0.0", "10.1.0.0/33", "x/8", "10.0.0.0/8,"])
      expect(vars([`--outbound-allow=${range}`])).toMatchObject({ message: expect.stringMatching(/outbound-allow/) });
    expect(vars(["--activation-store", "postgres"])).toMatchObject({
      kind: "error",
      message: expect.stringMatching(/activation-store.*postgres.*d1, r2 or d1\+r2/),
    });
  });

  it("gives the console the next port, the one it is told, or none", () => {
    const console = (argv: string[], env = {}) => configOf(argv, env).console;
    expect(console(["--port", "4000"])).toEqual({ port: 4001, fixed: false });
    expect(console(["--port", "0"])).toEqual({ port: 0, fixed: false });
    expect(console(["--port", "65535"])).toEqual({ port: 0, fixed: false });
    expect(console(["--console-port", "5000"])).toEqual({ port: 5000, fixed: true });
    expect(console([], { EDGEWHISK_CONSOLE_PORT: "off" })).toBeNull();
    expect(console(["--console-port", "0"])).toBeNull();
    for (const wrong of ["65536", "-1", "on", "1.5"])
      expect(messageOf([`--console-port=${wrong}`])).toContain("console-port");
    expect(messageOf(["--port", "4000", "--console-port", "4000"])).toContain("one of its own");
  });

  it("does not serve the process engine off loopback", () => {
    expect(messageOf(["--engine", "process", "--host", "0.0.0.0"])).toContain("isolates nothing");
    expect(messageOf(["--engine", "process", "--host", "0.0.0.0", "--dev-keys"])).toContain("isolates nothing");
    expect(configOf(["--engine", "process", "--host", "::1"]).loopback).toBe(true);
  });

  it("knows loopback addresses and how they are written in a URL", () => {
    expect(["127.0.0.1", "127.9.9.9", "::1", "localhost"].map(isLoopback)).toEqual([true, true, true, true]);
    expect(["0.0.0.0", "::", "10.0.0.1", "128.0.0.1"].map(isLoopback)).toEqual([false, false, false, false]);
    expect(urlOf("::1", 80)).toBe("http://[::1]:80");
    expect(urlOf("0.0.0.0", 80)).toBe("http://127.0.0.1:80");
  });

  it("answers --help and --version before it looks at anything else", () => {
    expect(parseConfig(["--help", "--port", "x"], {}).kind).toBe("help");
    expect(parseConfig(["--version"], {}).kind).toBe("version");
  });
});
