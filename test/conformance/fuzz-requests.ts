// Requests as nobody sensible sends them: all routes and verbs, with values, headers and bodies that are wrong in every
// way we could think of. As fast-check arbitraries, so that a failing one shrinks.

import fc from "fast-check";
import { junk, LONG, oddText, weighted } from "./fuzz-values.ts";

export interface FuzzRequest {
  method: string;
  /** Path and query, sent as they are. */
  path: string;
  headers: Partial<Record<string, string>>;
  /** Latin-1 text of the bytes; null sends no body. */
  body: string | null;
  /** Without Content-Length. */
  chunked: boolean;
}

export const PACKAGE = "fuzz-pack";
/** Names the requests may write, call and delete. */
export const NAMES = ["fuzz-a", "fuzz-b", "fuzz-c"];
export const TRIGGERS = ["fuzz-t", "fuzz-u"];
export const RULES = ["fuzz-r", "fuzz-s"];

const oddSegment = fc.oneof(
  fc.constantFrom(
    ..."|.|..|%2F|%2f..|a%2Fb|%00|%0a|%ff|%zz|%|%25|%20|a%20|%20a|%c3%bc|%f0%9f%98%80|~|-|@|a:b|;a=b".split("|"),
  ),
  fc.constantFrom("__proto__", "constructor", "toString", "default", "undefined", "null", "_"),
  fc.string({ maxLength: 12 }).map(encoded),
);
const tooLong = fc.constantFrom(LONG, LONG.repeat(30));
const segment = weighted([12, oddSegment], [1, tooLong]);
const namespace = weighted(
  [24, fc.constant("_")],
  [3, fc.constantFrom("guest", "whisk.system", "nobody")],
  [1, segment],
);
const name = weighted([12, fc.constantFrom(...NAMES)], [1, segment]);
const bundle = weighted([6, fc.constantFrom(PACKAGE, "fuzz-bound")], [1, fc.constantFrom(...NAMES)], [1, segment]);
const id = fc.constantFrom("0".repeat(32), "f".repeat(32), "g".repeat(32), "short", "0".repeat(31), "0".repeat(3000));
const below: fc.Arbitrary<string[]> = weighted(
  [10, name.map((each) => ["actions", each])],
  [4, fc.tuple(fc.constant("actions"), bundle, name)],
  [5, fc.oneof(name, bundle).map((each) => ["packages", each])],
  [4, fc.constantFrom("actions", "packages", "activations", "limits", "triggers", "rules").map((each) => [each])],
  [2, fc.tuple(fc.constantFrom("triggers", "rules"), fc.oneof(fc.constantFrom(...TRIGGERS, ...RULES), name))],
  [1, bundle.map((each) => ["actions", each, ""])],
  [1, id.map((each) => ["activations", each])],
  [1, fc.tuple(fc.constant("activations"), id, fc.constantFrom("logs", "result", "x", ""))],
  [1, fc.array(segment, { maxLength: 4 })],
);
const place = fc
  .record({ namespace, below, slash: weighted([16, fc.constant("")], [1, fc.constantFrom("/", "//")]) })
  .map((each) => `/api/v1/namespaces/${[each.namespace, ...each.below].join("/")}${each.slash}`);
const web = fc
  .record({
    namespace,
    bundle: fc.constantFrom("default", PACKAGE, "nobody"),
    name,
    extension: fc.constantFrom("", ".json", ".http", ".html", ".text", ".svg", ".xml", "."),
    rest: fc.constantFrom("", "/", "/a/b", "//", "/%2e%2e/x", "/%ff"),
  })
  .map((each) => `/api/v1/web/${each.namespace}/${each.bundle}/${each.name}${each.extension}${each.rest}`);
const fixed = fc.constantFrom(
  ..."/ /ping /api/v1 /api/v1/ /api/v1/namespaces /api/v1/namespaces/ /invokers /invokers/healthy/count".split(" "),
  ..."/invokers/ready /runtime/namespaces/_/logForwarding /runtime/namespaces/guest/logForwarding/errors".split(" "),
  ..."/admin/v1/identities /admin/v1/hosts /admin/v1/schedulers /api /api/v2 /cdn-cgi/local /favicon.ico //".split(" "),
  ..."/api/v1/../v1/namespaces /api//v1/namespaces /API/V1/namespaces /api/v1/namespaces/_//actions".split(" "),
  ..."/host/v1/link /host/v1/code/x /host/v1/payloads/x /hosts /api/v1/web /api/v1/web/ /api/v1/web/_".split(" "),
);
const path = weighted([10, place], [3, web], [1, fixed]);

const NUMBERS = "0|1|-1|200|201|30|1.5|1e3|x||NaN|Infinity|99999999999999999999|0x10|%201|%00|1;2".split("|");
const FLAGS = "true|false|TRUE|1|0|yes|no|maybe|null||%ff|true%20".split("|");
const query = fc
  .array(
    fc.oneof(
      fc.tuple(fc.constantFrom("limit", "skip", "since", "upto", "timeout"), fc.constantFrom(...NUMBERS)),
      fc.tuple(
        fc.constantFrom("count", "docs", "blocking", "result", "code", "overwrite", "force"),
        fc.constantFrom(...FLAGS),
      ),
      fc.tuple(fc.constant("name"), fc.constantFrom("fuzz-a", `${PACKAGE}/fuzz-a`, "a/b/c", "", "/", "%ff", LONG)),
      fc.tuple(
        fc.constantFrom("__proto__", "constructor", "__ow_user", "x", "%", ""),
        fc.string({ maxLength: 8 }).map(encoded),
      ),
    ),
    { maxLength: 3 },
  )
  .map((pairs): string[][] => (pairs.length === 3 && pairs[0]?.[1] === "%ff" ? [["x", "y".repeat(9_000)]] : pairs))
  .map((pairs) => (pairs.length === 0 ? "" : `?${pairs.map(([key, value]) => `${key}=${value}`).join("&")}`));

const parameters = fc.oneof(
  junk,
  fc.array(
    fc.record(
      {
        key: fc.oneof(
          fc.constantFrom("a", "__proto__", "constructor", "web-export", "raw-http", "final", "exec", "conductor"),
          junk,
        ),
        value: fc.oneof(fc.constant(true), junk),
        init: junk,
        encryption: junk,
      },
      { requiredKeys: [] },
    ),
    { maxLength: 4 },
  ),
  fc.constant([{ key: "web-export", value: true }]),
  fc.constant([{ key: "conductor", value: true }]),
  fc.constant(Array.from({ length: 5_000 }, (_, n) => ({ key: `k${n}`, value: n }))),
);
const CODES = [
  "function main(a) { return a; }",
  "function main(a) { console.log(a); return { body: a.__ow_body, headers: { 'x-a': 1 } }; }",
  "function main() { return [1]; }",
  "function main() { throw new Error('x'); }",
  "function main() { return 7; }",
  "function main(a) { return a.state ? { params: a } : { action: '/whisk.system/utils/echo', params: a, state: 1 }; }",
  "function main() { return { error: { statusCode: 418, body: 'tea' } }; }",
  "function main() { return { headers: { 'bad name': 'x', 'content-type': 'x\\ny' }, statusCode: 99, body: {} }; }",
  "function main( {",
  "",
  "AAAA",
  "\u0000\u2028\ud83d\ude00",
];
const exec = weighted(
  [
    4,
    fc.record(
      {
        kind: fc.oneof(
          fc.constantFrom("nodejs:default", "nodejs:20", " NodeJS:Default "),
          fc.constantFrom("python:default", "blackbox", "sequence", "builtin", "cobol", "nodejs:", ":"),
          junk,
        ),
        code: fc.oneof(fc.constantFrom(...CODES), junk),
        main: junk,
        image: fc.oneof(fc.constantFrom("a/b", "A B"), junk),
        binary: junk,
        components: fc.oneof(fc.constantFrom(["/_/fuzz-a"], ["x"]), junk),
      },
      { requiredKeys: ["kind", "code"] },
    ),
  ],
  [4, fc.constantFrom(...CODES).map((code) => ({ kind: "nodejs:default", code }))],
  [1, junk],
);
const limits = fc.oneof(
  junk,
  fc.record(
    {
      timeout: fc.constantFrom(100, 1_000, 99, 1e9, "x"),
      memory: junk,
      logs: junk,
      concurrency: junk,
      instances: junk,
    },
    { requiredKeys: [] },
  ),
);
const binding = fc.oneof(
  junk,
  fc.record(
    {
      namespace: fc.oneof(fc.constantFrom("_", "guest", "nobody"), junk),
      name: fc.oneof(fc.constantFrom(PACKAGE, "fuzz-bound"), junk),
    },
    { requiredKeys: [] },
  ),
);
const end = weighted(
  [
    8,
    fc
      .constantFrom(...TRIGGERS, ...RULES, ...NAMES, `${PACKAGE}/fuzz-a`, "fuzz-bound/fuzz-a")
      .map((each) => `/_/${each}`),
  ],
  [1, fc.record({ path: fc.oneof(fc.constantFrom("_", "guest", "a/b"), junk), name: junk }, { requiredKeys: [] })],
  [1, junk],
);
const ends = {
  trigger: weighted([3, fc.constantFrom(...TRIGGERS).map((each) => `/_/${each}`)], [1, end]),
  action: end,
};
const status = weighted([4, fc.constantFrom("active", "inactive")], [1, junk]);
const entity = fc
  .record(
    {
      exec,
      parameters,
      annotations: parameters,
      delAnnotations: junk,
      limits,
      binding,
      ...ends,
      status,
      version: fc.oneof(fc.constantFrom("1.2.3", "99999999999999999999.0.0", "1.2"), junk),
      publish: junk,
      name: junk,
      namespace: junk,
      updated: junk,
      unknown: junk,
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));
const sequence = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((names) => ({ kind: "sequence", components: names.map((name) => `/_/${name}`) }));
const sane = fc
  .record(
    {
      exec: weighted(
        [3, fc.constantFrom(...CODES).map((code): object => ({ kind: "nodejs:default", code }))],
        [1, sequence],
      ),
      annotations: parameters,
    },
    { requiredKeys: ["exec"] },
  )
  .map((value) => JSON.stringify(value));
const payload = fc
  .dictionary(fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("__ow_user", "__proto__")), junk, { maxKeys: 4 })
  .map((value) => JSON.stringify(value));
const bytes = weighted(
  [1, oddText],
  [4, fc.oneof(entity, sane, payload).map((text) => Buffer.from(text).toString("latin1"))],
  [1, fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each).toString("latin1"))],
);

const guest = `Basic ${Buffer.from("%GUEST%").toString("base64")}`;
const authorization = weighted(
  [16, fc.constant(guest)],
  [
    1,
    fc.constantFrom(
      "",
      "Basic",
      "Basic !!!",
      "Basic Og==",
      "Basic YTpi",
      "Bearer x",
      `Basic ${"QUFB".repeat(2_000)}`,
      "Basic \u00ff",
    ),
  ],
);
const headers = fc.record(
  {
    "content-type": weighted(
      [8, fc.constant("application/json")],
      [
        2,
        fc.constantFrom(
          "application/json; charset=utf-16",
          "text/plain",
          "application/x-www-form-urlencoded",
          "multipart/form-data",
          "application/octet-stream",
          "/",
          "json",
          "application/ld+json",
          "",
        ),
      ],
    ),
    accept: weighted(
      [12, fc.constant("*/*")],
      [1, fc.constantFrom("text/html", "application/json;q=0", "", ",", "x", "image/*, application/*")],
    ),
    "x-request-id": fc.constantFrom("mine", "sid_x", "", "a b", "\u00ff", "r".repeat(400)),
    "x-require-whisk-auth": fc.constantFrom("", "x"),
    "x-ow-extra-logging": fc.constantFrom("on", "off", "x"),
    "content-encoding": fc.constantFrom("gzip", "identity", "x"),
    "access-control-request-headers": fc.constantFrom("x-a", "", "\u00ff"),
    "if-none-match": fc.constant("*"),
    range: fc.constant("bytes=0-1"),
    cookie: fc.constant("a=b; c"),
    expect: fc.constant("x"),
  },
  { requiredKeys: [] },
);

const actionPlace = weighted(
  [3, name.map((each) => `/api/v1/namespaces/_/actions/${each}`)],
  [1, fc.tuple(bundle, name).map((pair) => `/api/v1/namespaces/_/actions/${pair.join("/")}`)],
);
const overwrite = weighted([5, fc.constant("?overwrite=true")], [1, query]);
const call = weighted([2, fc.constant("?blocking=true&result=true")], [2, fc.constant("?blocking=true")], [2, query]);
const binary = (text: fc.Arbitrary<string>) => text.map((each) => Buffer.from(each).toString("latin1"));

/** Where, how and with what: some nearly right, so that what follows meets things that exist, the others anything. */
const wishes = weighted(
  [
    3,
    fc.tuple(fc.constant("PUT"), actionPlace, overwrite, weighted([3, binary(sane)], [2, binary(entity)], [1, bytes])),
  ],
  [
    1,
    fc.tuple(
      fc.constant("PUT"),
      bundle.map((each) => `/api/v1/namespaces/_/packages/${each}`),
      overwrite,
      binary(entity),
    ),
  ],
  [
    4,
    fc.tuple(
      fc.constant("POST"),
      weighted([2, actionPlace], [1, web]),
      call,
      weighted([2, binary(payload)], [1, bytes]),
    ),
  ],
  [
    2,
    fc.tuple(
      fc.constantFrom("PUT", "POST"),
      fc.constantFrom(...RULES).map((each) => `/api/v1/namespaces/_/rules/${each}`),
      overwrite,
      fc.record({ ...ends, status }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
    ),
  ],
  [
    2,
    fc.tuple(
      weighted([1, fc.constant("PUT")], [3, fc.constant("POST")]),
      fc.constantFrom(...TRIGGERS).map((each) => `/api/v1/namespaces/_/triggers/${each}`),
      overwrite,
      weighted([2, binary(payload)], [1, binary(entity)], [1, bytes]),
    ),
  ],
  [2, fc.tuple(fc.constant("GET"), path, query, fc.constant(null))],
  [
    4,
    fc.tuple(
      weighted(
        [6, fc.constantFrom("GET", "PUT", "POST", "DELETE")],
        [1, fc.constantFrom("PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND")],
      ),
      path,
      query,
      weighted([8, bytes], [1, fc.constant(null)]),
    ),
  ],
) as fc.Arbitrary<[string, string, string, string | null]>;

export const fuzzRequest: fc.Arbitrary<FuzzRequest> = fc
  .record({
    wish: wishes,
    authorization,
    type: weighted([10, fc.constant(true)], [1, fc.constant(false)]),
    headers: weighted([2, fc.constant({})], [1, headers]),
    chunked: fc.boolean(),
  })
  .map(({ wish: [method, path, query, body], authorization, type, headers, chunked }) => ({
    method,
    path: path + query,
    headers: {
      ...(type ? { "content-type": "application/json" } : {}),
      ...headers,
      ...(authorization === "" ? {} : { authorization }),
    },
    body: method === "TRACE" ? null : body,
    [fc.toStringMethod]: () => `${method} ${path}${query} ${JSON.stringify(headers)} ${(body ?? "").slice(0, 1_000)}`,
    chunked,
  }));

/** The placeholder key becomes the real one. */
export function withKey(request: FuzzRequest, key: string): FuzzRequest {
  if (request.headers.authorization !== guest) return request;
  return { ...request, headers: { ...request.headers, authorization: `Basic ${Buffer.from(key).toString("base64")}` } };
}

/** Percent-encoded, also where half of a surrogate pair stands alone. */
function encoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
