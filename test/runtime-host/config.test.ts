import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { HOST_SHAPE, parseHostConfig } from "../../runtime-host/config.ts";

const TOKEN = `ewh.machine-7.${"s".repeat(43)}`;
const env = { EDGEWHISK_URL: "https://edge.example", EDGEWHISK_TOKEN: TOKEN };

function configOf(argv: string[], variables: Record<string, string> = env) {
  const parsed = parseHostConfig(argv, variables);
  if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed));
  return parsed.config;
}

function complaintOf(argv: string[], variables: Record<string, string> = env): string {
  const parsed = parseHostConfig(argv, variables);
  return parsed.kind === "error" ? parsed.message : parsed.kind;
}

test("url and token are enough; the rest has defaults, memory half of the machine", () => {
  const config = configOf([]);
  expect(config).toMatchObject({ url: "https://edge.example", engine: "auto", shards: 1, dieWithParent: false });
  expect(config.memory).toBe(Math.max(256, Math.floor(totalmem() / 2 / 1024 ** 2)));
  expect(config.prewarm).toEqual([{ kind: "nodejs:default", memory: 256, count: 1 }]);
  expect(Object.isFrozen(config)).toBe(true);
});

test("a flag wins over its variable, and an empty variable counts as absent", () => {
  const variables = { ...env, EDGEWHISK_SHARDS: "4", EDGEWHISK_ENGINE: "docker", EDGEWHISK_IMAGE_TAG: "" };
  const config = configOf(["--shards", "2", "--url", "http://127.0.0.1:3233"], variables);
  expect(config).toMatchObject({
    shards: 2,
    engine: "docker",
    url: "http://127.0.0.1:3233",
    images: { tag: "" },
  });
});

test("subscriptions to brokers are run, at public addresses and those that are allowed, unless it is told not to", () => {
  const { connectors } = configOf(["--broker-net", "10.1.0.0/16"]);
  expect(["10.1.2.3", "10.2.0.1"].map((each) => connectors?.allowed.check(each))).toEqual([true, false]);
  expect(configOf([]).connectors?.allowed.check("127.0.0.1")).toBe(false);
  expect(configOf(["--connectors", "off"]).connectors).toBeNull();
  expect(complaintOf(["--broker-net", "10.1.0.0/99"])).toContain("10.1.0.0/16");
});

test("every option is named in the help, with its variable, and is accepted", () => {
  const help = parseHostConfig(["--help"], {});
  const text = help.kind === "help" ? help.text.replace(/\s+/g, " ") : "";
  const values: Record<string, string> = {
    connectors: "off",
    "broker-net": "10.2.0.0/16",
    metrics: "127.0.0.1:9464",
    url: "http://a",
    token: TOKEN,
    name: "machine-7",
    prewarm: "none",
    engine: "process",
    "log-level": "warn",
    "outbox-fsync": "1",
    pull: "missing",
    "require-level": "strict",
    "api-host": "https://functions.example",
    "allow-net": "10.1.0.0/16,192.168.7.9",
    "image-prefix": "abc",
    shards: "2",
  };
  const { json, ...configured } = HOST_SHAPE.options;
  expect([json.variables, complaintOf(["--json"])]).toEqual([[], "config"]);
  const options = Object.entries(configured);
  expect(options.length).toBeGreaterThan(30);
  for (const [flag, { placeholder, variables }] of options) {
    const variable = `EDGEWHISK_${flag.toUpperCase().replaceAll("-", "_")}`;
    expect(variables).toEqual([variable]);
    expect(text).toContain(placeholder === null ? `--${flag} ` : `--${flag} <${placeholder}>`);
    expect(text).toContain(variable);
    const given = placeholder === null ? [] : [values[flag] ?? "512"];
    expect(complaintOf([`--${flag}`, ...given]), flag).toBe("config");
    if (given.length > 0) expect(complaintOf([], { ...env, [variable]: given.join() }), variable).toBe("config");
  }
});

test.each([
  [["--url", "ftp://x"], /http/],
  [["--url", "https://user:password@x"], /^--url https:\/\/…@x: expected an origin/],
  [["--url", "https://x/path"], /origin/],
  [["--name", "another"], /--name another: the token is for machine-7\.$/],
  [["--api-host", "functions.example"], /^--api-host .*http/],
  [["--api-host", "https://x/path"], /^--api-host https:\/\/x\/path: .*origin/],
  [["--allow-net", "10.0.0.0/33"], /IPv4 networks/],
  [["--allow-net", "fd00::/8"], /IPv4 networks/],
  [["--engine", "podman"], /^--engine podman: expected auto, docker or process\.$/],
  [["--memory", "12.5"], /of MB from 128/],
  [["--memory", "-1"], /^--memory -1: expected a number of MB from 128/],
  [["--memory"], /^Option '--memory <MB>' argument missing: see --help\.$/],
  [["--shards", "17"], /1 to 16/],
  [["--memory", "512", "--shards", "5"], /at least 128 MB/],
  [["--prewarm", "nodejs"], /--prewarm/],
  [["--image-prefix", "UPPER/"], /image/],
  [["--image-tag", "a b"], /tag/],
  [["--outbox-fsync", "yes"], /0 or 1/],
  [["--nonsense"], /--help/],
  [["positional"], /^Unexpected argument 'positional': see --help\.$/],
  [["--memroy", "512"], /^Unknown option '--memroy' \(did you mean --memory\?\): see --help\.$/],
])("%j is refused with a sentence", (argv, complaint) => {
  expect(complaintOf(argv)).toMatch(complaint);
});

test("a missing url or token is refused, and no complaint shows the token", () => {
  expect(complaintOf([], { EDGEWHISK_TOKEN: TOKEN })).toMatch(/--url/);
  expect(complaintOf([], { EDGEWHISK_URL: "http://x" })).toMatch(/EDGEWHISK_TOKEN/);
  for (const token of ["with space secret", "some-other-secret", "ewh.name.secret"]) {
    const complaint = complaintOf([], { ...env, EDGEWHISK_TOKEN: token });
    expect(complaint).toMatch(/^The token/);
    expect(complaint).not.toMatch(/secret/);
  }
});

test("the token says who this host is; a name may only agree with it", () => {
  expect(configOf([]).name).toBe("machine-7");
  expect(configOf(["--name", "machine-7"]).name).toBe("machine-7");
  expect(configOf([], { ...env, EDGEWHISK_NAME: "" }).name).toBe("machine-7");
});

test("another process is replaced only where it is said", () => {
  expect(configOf([]).takeOver).toBe(false);
  expect(configOf(["--take-over"]).takeOver).toBe(true);
  expect(configOf([], { ...env, EDGEWHISK_TAKE_OVER: "1" }).takeOver).toBe(true);
});

test("--help asks for the help", () => {
  expect(parseHostConfig(["--help"], {}).kind).toBe("help");
});

test("registries: rules, the users' one, credentials as a file or as the text itself", () => {
  expect(configOf([]).images.registries).toEqual({
    pull: new Map([["*", "auto"]]),
    userRegistry: "",
    credentials: null,
  });
  const given = configOf([
    "--pull",
    "r.example:5000=never,*=missing",
    "--user-registry",
    "r.example",
    "--registry-auth",
    "/f",
  ]);
  expect(given.images.registries).toEqual({
    pull: new Map([
      ["r.example:5000", "never"],
      ["*", "missing"],
    ]),
    userRegistry: "r.example",
    credentials: { file: "/f" },
  });
  const text = '{"auths":{}}';
  expect(configOf([], { ...env, EDGEWHISK_REGISTRY_AUTH: text }).images.registries.credentials).toEqual({ text });
  expect(complaintOf(["--pull", "perhaps"])).toMatch(/--pull perhaps: expected/);
  expect(complaintOf(["--user-registry", "https://x/y"])).toMatch(/expected a host/);
});

test("labels are words, each once, sixteen at most", () => {
  expect(configOf([]).labels).toEqual([]);
  expect(configOf(["--labels", "gpu,zone=eu,gpu"]).labels).toEqual(["gpu", "zone=eu"]);
  expect(configOf([], { ...env, EDGEWHISK_LABELS: "big" }).labels).toEqual(["big"]);
  expect(complaintOf(["--labels", "gpu,a b"])).toMatch(/^--labels a b: expected at most 16 words/);
  expect(complaintOf(["--labels", Array.from({ length: 17 }, (_, at) => `l${at}`).join()])).toMatch(/^--labels l16/);
});
