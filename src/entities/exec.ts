// What an action runs: reading `exec` of a body. The code itself was lifted out of the body before (see
// code-lifter.ts); here only its facts are known.

import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { CodeRef, Exec } from "./action.ts";
import { SEQUENCE_LENGTH } from "./limits.ts";
import { parseQualifiedName, printQualifiedName } from "./names.ts";
import { elementsOf, membersOf, type RawJson, shapeOf } from "./raw-json.ts";
import {
  BLACKBOX,
  BUILTIN,
  isSkeleton,
  MANIFEST,
  NATIVE,
  type RuntimeKind,
  resolveKind,
  SEQUENCE,
  skeletonItself,
} from "./runtimes.ts";

export interface CodeFacts {
  /** Bytes as stored. */
  size: number;
  /** Whether the text is base64, which makes it an archive. */
  binary: boolean;
  /** Nothing but white space. */
  blank: boolean;
}

/** What hosts can run. */
export interface RunnableKinds {
  /** Now. */
  kinds: readonly RuntimeKind[];
  /** Kinds for which hosts may come. */
  later?: readonly RuntimeKind[];
  blackbox: boolean;
}

export interface ExecRequest {
  kind: string;
  image?: string;
  main?: string;
  /** Of a sequence: fully qualified, with leading slash. */
  components?: string[];
  /** Whether the lifted code belongs to it. */
  code: boolean;
  binary: boolean;
}

// The grammar of image references that container registries use: [registry/][prefix/]name[:tag][@digest].
const PATH = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const LABEL = "[a-zA-Z0-9-]+";
const DOMAIN = `(?:${LABEL}(?:\\.${LABEL})+(?::\\d+)?|${LABEL}:\\d+)`;
const TAG = "\\w[\\w.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const IMAGE = new RegExp(`^(?:${DOMAIN}/)?${PATH}(?:/${PATH})*(?::${TAG})?(?:@${DIGEST})?$`);
const MAX_IMAGE = 512;
const NO_CODE =
  "An action of kind 'builtin' is part of the platform and has no code that could be copied. Call it by its name, " +
  "put it into a sequence, or bind its package.";

/** `raw` must be valid JSON; `code`: facts of the code lifted out of it, null if there was none; `own`: the namespace
 * that `_` stands for. */
export function parseExec(
  raw: RawJson,
  options: { code: CodeFacts | null; offer: RunnableKinds; own: string },
): Result<ExecRequest> {
  const members = membersOf(raw);
  if (members === null) return fail("malformed-body", "'exec' must be an object");
  const fields = new Map(members.map((member) => [member.key, member.value]));
  const wanted = stringOf(fields.get("kind"));
  if (wanted === undefined) return fail("malformed-body", "'kind' must be a string defined in 'exec'");
  const kind = wanted.trim().toLowerCase();
  if (kind === BUILTIN) return fail("malformed-body", NO_CODE);
  if (kind === SEQUENCE) return sequenceOf(fields.get("components"), options.own);
  const main = stringOf(fields.get("main"));
  if (main === undefined && fields.has("main")) {
    return fail("malformed-body", `if defined, 'main' must be a string in 'exec' for '${kind}' actions`);
  }
  const rest = main === undefined ? {} : { main };
  return kind === BLACKBOX
    ? blackboxOf(fields, { ...options, rest })
    : runtimeOf(kind, { ...options, rest, isString: shapeOfField(fields, "code") === "string" });
}

export function execOf(request: ExecRequest, code: CodeRef | undefined): Exec {
  const { kind, image, binary, main, components } = request;
  if (components !== undefined) return { kind: SEQUENCE, components };
  const named = main === undefined ? {} : { main };
  if (image !== undefined) return { kind: BLACKBOX, image, binary, ...(code === undefined ? {} : { code }), ...named };
  if (code === undefined) throw new Error(`an action of kind ${kind} has no code`);
  return { kind, code, binary, ...named };
}

/** Why actions of this kind can only be read and deleted, or null if they can be written and invoked. */
export function deprecationOf(kind: string): Failure | null {
  if (MANIFEST.find((each) => each.kind === kind)?.deprecated !== true) return null;
  const text = "runtime is no longer supported. You may read and delete but not update or invoke this action.";
  return fail("bad-request", `The '${kind}' ${text}`);
}

export function isImage(text: string): boolean {
  return text.length <= MAX_IMAGE && IMAGE.test(text);
}

function sequenceOf(raw: RawJson | undefined, own: string): Result<ExecRequest> {
  if (raw === undefined) return fail("malformed-body", "'components' must be defined for sequence kind");
  const list = elementsOf(raw);
  if (list === null) return fail("malformed-body", "'components' must be an array");
  const components: string[] = [];
  // One more than there may be is enough to say that these are too many.
  for (const element of list.slice(0, SEQUENCE_LENGTH + 1)) {
    const text = stringOf(element) ?? pointOf(element);
    if (text === undefined) return fail("malformed-body", "fully qualified name malformed");
    const name = parseQualifiedName(text, { own });
    if (!name.ok) return name;
    components.push(printQualifiedName(name.value));
  }
  return ok({ kind: SEQUENCE, components, code: false, binary: false });
}

type Found = { code: CodeFacts | null; offer: RunnableKinds; rest: { main?: string } };

function blackboxOf(fields: Map<string, RawJson>, { code, offer, rest }: Found): Result<ExecRequest> {
  const image = stringOf(fields.get("image"));
  if (image === undefined)
    return fail("malformed-body", "'image' must be a string defined in 'exec' for 'blackbox' actions");
  if (!isImage(image)) return fail("malformed-body", "could not parse image name");
  if (fields.has("code") && shapeOfField(fields, "code") !== "string") {
    return fail("malformed-body", "'code' must be a string defined in 'exec' for 'blackbox' actions");
  }
  const used = code !== null && !code.blank;
  const native = used && isSkeleton(image) && offer.kinds.some((each) => each.kind === NATIVE);
  if (!offer.blackbox && !native) {
    return fail(
      "malformed-body",
      "No host of this platform can run container images, so 'blackbox' actions are refused.",
    );
  }
  const named = used && isSkeleton(image) && !native ? skeletonItself(image) : image;
  return ok({ kind: BLACKBOX, image: named, code: used, binary: used && code.binary, ...rest });
}

function runtimeOf(kind: string, { code, offer, rest, isString }: Found & { isString: boolean }): Result<ExecRequest> {
  const runtime = resolveKind(kind, offer.kinds) ?? resolveKind(kind, offer.later ?? []);
  if (runtime === null) return unknownKind(kind, offer);
  if (code === null || !isString) {
    return fail("malformed-body", `'code' must be a string defined in 'exec' for '${kind}' actions`);
  }
  if (runtime.requireMain && rest.main === undefined) {
    return fail("malformed-body", `'main' must be a string defined in 'exec' for '${kind}' actions`);
  }
  return deprecationOf(runtime.kind) ?? ok({ kind: runtime.kind, code: true, binary: code.binary, ...rest });
}

function unknownKind(kind: string, offer: RunnableKinds): Result<never> {
  const valid = [...offer.kinds.map((each) => each.kind), ...(offer.blackbox ? [BLACKBOX] : [])];
  const list = `Valid values are: ${valid.map((each) => `'${each}'`).join(", ")}.`;
  if (resolveKind(kind, MANIFEST) !== null) {
    return fail("malformed-body", `The runtime '${kind}' is known, but no host of this platform offers it. ${list}`);
  }
  return fail("malformed-body", `The specified runtime '${kind}' is not supported by this platform. ${list}`);
}

/** `{path, name}`, as the name it stands for. */
function pointOf(raw: RawJson): string | undefined {
  const fields = new Map((membersOf(raw) ?? []).map(({ key, value }) => [key, value]));
  const [path, name] = [stringOf(fields.get("path")), stringOf(fields.get("name"))];
  return path === undefined || name === undefined ? undefined : `/${path}/${name}`;
}

function stringOf(raw: RawJson | undefined): string | undefined {
  return raw !== undefined && shapeOf(raw) === "string" ? (JSON.parse(raw) as string) : undefined;
}

function shapeOfField(fields: Map<string, RawJson>, name: string): string | undefined {
  const raw = fields.get(name);
  return raw === undefined ? undefined : shapeOf(raw);
}
