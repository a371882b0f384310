// The API described in Swagger 2.0, for those who read it and for tools that make clients of it.

interface Operation {
  summary: string;
  /** Query parameters, by their names in QUERY. */
  query?: string[];
  /** Definition of the body. */
  body?: string;
  /** Definition of the answer, or of its items where the name ends with []. */
  answer: string;
  open?: boolean;
}

type Schema = Readonly<Record<string, unknown>>;

const text = { type: "string" };
const whole = { type: "integer", format: "int64" };
const yesNo = { type: "boolean" };
const anything = { type: "object" };
const list = (items: Schema): Schema => ({ type: "array", items });
const ref = (name: string): Schema => ({ $ref: `#/definitions/${name}` });
const object = (properties: Schema, required: string[] = []): Schema => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
});

const common = {
  namespace: text,
  name: text,
  version: text,
  publish: yesNo,
  annotations: list(ref("KeyValue")),
  updated: whole,
};
const link = { path: text, name: text };
const rule = { ...common, trigger: object(link), action: object(link) };
const described = { version: text, publish: yesNo, annotations: list(ref("KeyValue")) };
const writable = { ...described, parameters: list(ref("KeyValue")) };
const ended = { result: anything, success: yesNo, status: text, size: whole };

const DEFINITIONS: Record<string, Schema> = {
  ErrorMessage: object({ error: text, code: text }, ["error", "code"]),
  KeyValue: object({ key: text, value: anything, init: yesNo }, ["key"]),
  Count: { type: "object", additionalProperties: whole },
  ActionExec: object({ kind: text, code: text, image: text, main: text, binary: yesNo, components: list(text) }, [
    "kind",
  ]),
  ActionExecMeta: object({ binary: yesNo }),
  ActionLimits: object({ timeout: whole, memory: whole, logs: whole, concurrency: whole, instances: whole }),
  Action: object({
    ...common,
    parameters: list(ref("KeyValue")),
    limits: ref("ActionLimits"),
    exec: ref("ActionExec"),
  }),
  ActionMeta: object({ ...common, limits: ref("ActionLimits"), exec: ref("ActionExecMeta") }),
  ActionPut: object({ ...writable, exec: ref("ActionExec"), limits: ref("ActionLimits"), delAnnotations: list(text) }),
  Binding: object({ namespace: text, name: text }),
  PackageAction: object({ name: text, version: text, annotations: list(ref("KeyValue")) }),
  Package: object({
    ...common,
    parameters: list(ref("KeyValue")),
    binding: ref("Binding"),
    actions: list(ref("PackageAction")),
    feeds: list(ref("PackageAction")),
  }),
  PackageMeta: object({ ...common, binding: ref("Binding") }),
  PackagePut: object({ ...writable, binding: ref("Binding") }),
  TriggerMeta: object(common),
  Trigger: object({
    ...common,
    parameters: list(ref("KeyValue")),
    limits: anything,
    rules: { type: "object", additionalProperties: ref("TriggerRule") },
  }),
  TriggerPut: object(writable),
  TriggerRule: object({ action: object(link), status: text }),
  RuleMeta: object(rule),
  Rule: object({ ...rule, status: text }),
  RulePut: object({ ...described, trigger: text, action: text }),
  RuleStatus: object({ status: { type: "string", enum: ["active", "inactive"] } }, ["status"]),
  ActivationId: object({ activationId: text }, ["activationId"]),
  ActivationResult: object(ended),
  ActivationLogs: object({ logs: list(text) }),
  ActivationMeta: object({
    ...common,
    activationId: text,
    cause: text,
    start: whole,
    end: whole,
    duration: whole,
    statusCode: whole,
  }),
  Activation: object({
    ...common,
    activationId: text,
    subject: text,
    cause: text,
    start: whole,
    end: whole,
    duration: whole,
    response: ref("ActivationResult"),
    logs: list(text),
  }),
  Limits: object({
    invocationsPerMinute: whole,
    concurrentInvocations: whole,
    firesPerMinute: whole,
    maxParameterSize: text,
  }),
  Anything: anything,
  Name: text,
};

const QUERY: Record<string, { type: string; description: string }> = {
  limit: { type: "integer", description: "Most items, 0 to 200; 0 stands for 200. Default 30." },
  skip: { type: "integer", description: "Items left out at the beginning." },
  count: { type: "boolean", description: "Answer how many there are instead." },
  overwrite: { type: "boolean", description: "Replace what is there." },
  force: { type: "boolean", description: "Delete what is in it, too." },
  code: { type: "boolean", description: "Whether the code is shown. Default true." },
  blocking: { type: "boolean", description: "Wait for the end." },
  result: { type: "boolean", description: "Of a blocking call, answer the result alone." },
  timeout: { type: "integer", description: "Most ms to wait, up to 60000." },
  name: { type: "string", description: "Only of this action, as name or package/name." },
  since: { type: "integer", description: "Started at or after, epoch ms." },
  upto: { type: "integer", description: "Started at or before, epoch ms." },
  docs: { type: "boolean", description: "Whole records." },
  follow: { type: "boolean", description: "As server-sent events, while it is written; Last-Event-ID goes on." },
};

const PAGES = ["limit", "skip", "count"];
const CALL = ["blocking", "result", "timeout"];
const actionPath: Record<string, Operation> = {
  get: { summary: "An action", query: ["code"], answer: "Action" },
  put: { summary: "Create or update an action", query: ["overwrite"], body: "ActionPut", answer: "Action" },
  post: { summary: "Call an action", query: CALL, body: "Anything", answer: "Activation" },
  delete: { summary: "Delete an action", answer: "Action" },
};
const web = (verb: string): Operation => ({ summary: `Call a web action by ${verb}`, answer: "Anything", open: true });

const PATHS: Record<string, Record<string, Operation>> = {
  "/namespaces": { get: { summary: "The caller's namespace", answer: "Name[]" } },
  "/namespaces/{namespace}/limits": { get: { summary: "What the caller may use", answer: "Limits" } },
  "/namespaces/{namespace}/actions": { get: { summary: "Actions", query: PAGES, answer: "ActionMeta[]" } },
  "/namespaces/{namespace}/actions/{package}/": {
    get: { summary: "Actions of a package", query: PAGES, answer: "ActionMeta[]" },
  },
  "/namespaces/{namespace}/actions/{action}": actionPath,
  "/namespaces/{namespace}/actions/{package}/{action}": actionPath,
  "/namespaces/{namespace}/packages": { get: { summary: "Packages", query: PAGES, answer: "PackageMeta[]" } },
  "/namespaces/{namespace}/packages/{package}": {
    get: { summary: "A package or binding", answer: "Package" },
    put: {
      summary: "Create or update a package or binding",
      query: ["overwrite"],
      body: "PackagePut",
      answer: "Package",
    },
    delete: { summary: "Delete a package or binding", query: ["force"], answer: "Package" },
  },
  "/namespaces/{namespace}/triggers": { get: { summary: "Triggers", query: PAGES, answer: "TriggerMeta[]" } },
  "/namespaces/{namespace}/triggers/{trigger}": {
    get: { summary: "A trigger, with its rules", answer: "Trigger" },
    put: { summary: "Create or update a trigger", query: ["overwrite"], body: "TriggerPut", answer: "Trigger" },
    post: { summary: "Fire a trigger; 204 if no rule is active", body: "Anything", answer: "ActivationId" },
    delete: { summary: "Delete a trigger", answer: "Trigger" },
  },
  "/namespaces/{namespace}/rules": { get: { summary: "Rules", query: PAGES, answer: "RuleMeta[]" } },
  "/namespaces/{namespace}/rules/{rule}": {
    get: { summary: "A rule, with its status", answer: "Rule" },
    put: { summary: "Create or update a rule", query: ["overwrite"], body: "RulePut", answer: "Rule" },
    post: { summary: "Switch a rule on or off", body: "RuleStatus", answer: "Name" },
    delete: { summary: "Delete a rule", answer: "Rule" },
  },
  "/namespaces/{namespace}/activations": {
    get: { summary: "Activations", query: [...PAGES, "name", "since", "upto", "docs"], answer: "ActivationMeta[]" },
  },
  "/namespaces/{namespace}/activations/{activation}": { get: { summary: "An activation", answer: "Activation" } },
  "/namespaces/{namespace}/activations/{activation}/result": {
    get: { summary: "The result of an activation", answer: "ActivationResult" },
  },
  "/namespaces/{namespace}/activations/{activation}/logs": {
    get: { summary: "The logs of an activation", query: ["follow"], answer: "ActivationLogs" },
  },
  "/web/{namespace}/{package}/{action}": {
    get: web("GET"),
    post: web("POST"),
    put: web("PUT"),
    delete: web("DELETE"),
    patch: web("PATCH"),
    head: web("HEAD"),
    options: web("OPTIONS"),
  },
};

export function apiDocument(build: string): object {
  const paths = Object.entries(PATHS).map(([path, operations]) => [
    path,
    Object.fromEntries(Object.entries(operations).map(([verb, operation]) => [verb, describe(path, operation)])),
  ]);
  return {
    swagger: "2.0",
    info: {
      title: "OpenWhisk REST API",
      description: "Actions, packages, triggers, rules and activations over HTTP.",
      version: build,
    },
    basePath: "/api/v1",
    consumes: ["application/json"],
    produces: ["application/json"],
    securityDefinitions: { basicAuth: { type: "basic", description: "The two parts of a namespace's key." } },
    security: [{ basicAuth: [] }],
    paths: Object.fromEntries(paths),
    definitions: DEFINITIONS,
  };
}

function describe(path: string, { summary, query = [], body, answer, open }: Operation): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const many = answer.endsWith("[]");
  const schema = ref(many ? answer.slice(0, -2) : answer);
  return {
    summary,
    parameters: [
      ...names.map((name) => ({ name, in: "path", required: true, type: "string" })),
      ...query.map((name) => ({ name, in: "query", ...QUERY[name] })),
      ...(body === undefined ? [] : [{ name: "body", in: "body", schema: ref(body) }]),
    ],
    responses: {
      200: { description: "Done", schema: many ? list(schema) : schema },
      ...(body === "Anything" ? { 202: { description: "Accepted", schema: ref("ActivationId") } } : {}),
      default: { description: "Refused", schema: ref("ErrorMessage") },
    },
    ...(open === true ? { security: [] } : {}),
  };
}
