// Names of images, and what an operator says about registries: when to pull, from where, with which credentials. Pure.

/** "auto": a digest is pulled if it is missing, `latest` always, another tag is asked for but may be had from here. */
export type PullPolicy = "always" | "missing" | "never" | "auto";

export interface RegistryCredential {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

export interface RegistryOptions {
  /** By registry ("registry.example:5000"); "*" for all others. */
  readonly pull: ReadonlyMap<string, PullPolicy>;
  /** Where black box images without a registry come from; "" = Docker Hub. */
  readonly userRegistry: string;
  /** Docker's config.json, as a file (read at each pull, so that it may be replaced) or as text. Secret. */
  readonly credentials: { readonly file: string } | { readonly text: string } | null;
  /** ms: most between two looks whether a registry that did not answer is back. */
  readonly retryEvery?: number;
}

export interface ImageName {
  registry: string;
  /** Whether the name itself said so. */
  explicit: boolean;
  path: string;
  tag?: string;
  digest?: string;
}

export const HUB = "docker.io";
const MAX_NAME = 512;
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const REGISTRY = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

/** Null if it is no name of an image; ids of local images are none either. */
export function parseImage(text: string): ImageName | null {
  if (text.length > MAX_NAME) return null;
  const [, name = "", tag, digest] = /^(.+?)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? [];
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const explicit = /[.:]/.test(first) || first === "localhost";
  const registry = !explicit || first === `index.${HUB}` ? HUB : first;
  const path = explicit ? name.slice(slash + 1) : name;
  if (!REGISTRY.test(registry) || !PATH.test(path) || path === "sha256") return null;
  const official = registry === HUB && !path.includes("/");
  return {
    registry,
    explicit,
    path: official ? `library/${path}` : path,
    ...(digest === undefined ? { tag: tag ?? "latest" } : { digest }),
  };
}

/** As Docker lists it: Docker Hub is not named. */
export function localName({ registry, path, tag, digest }: ImageName): string {
  const place = registry === HUB ? path.replace(/^library\//, "") : `${registry}/${path}`;
  return digest === undefined ? `${place}:${tag}` : `${place}@${digest}`;
}

/** The same image at the registry that is configured for names without one. */
export function fromUserRegistry(name: ImageName, userRegistry: string): ImageName {
  if (name.explicit || userRegistry === "") return name;
  return { ...name, registry: userRegistry, path: name.path.replace(/^library\//, "") };
}

export type Wish =
  /** What is here will do, and nothing else. */
  | "local"
  /** What is here will do, else it is pulled. */
  | "local-first"
  /** It is pulled; what is here will do if that fails. */
  | "pull-first"
  /** It is pulled. */
  | "pull";

export function wishFor(name: ImageName, pull: RegistryOptions["pull"]): Wish {
  const policy = pull.get(name.registry) ?? pull.get("*") ?? "auto";
  if (policy === "never") return "local";
  if (policy === "missing") return "local-first";
  if (policy === "always") return "pull";
  if (name.digest !== undefined) return "local-first";
  return name.tag === "latest" ? "pull" : "pull-first";
}

/** "always", or "registry.example=missing,docker.io=never,*=always". Null if it makes no sense. */
export function parsePull(text: string): Map<string, PullPolicy> | null {
  const rules = new Map<string, PullPolicy>();
  for (const part of text.split(",")) {
    const [, registry = "*", word] = /^(?:([^=]+)=)?(always|missing|never|auto)$/.exec(part.trim()) ?? [];
    if (word === undefined || rules.has(registry) || rules.size === 100) return null;
    if (registry !== "*" && !REGISTRY.test(registry)) return null;
    rules.set(registry, word as PullPolicy);
  }
  return rules;
}

export function isRegistry(text: string): boolean {
  return REGISTRY.test(text);
}

/** Docker's config.json: `{"auths": {"<registry>": {"auth": base64("user:password")}}}`.
 * Null if it is something else. */
export function parseCredentials(text: string): Map<string, RegistryCredential> | null {
  let auths: unknown;
  try {
    auths = (JSON.parse(text) as { auths?: unknown } | null)?.auths;
  } catch {
    return null;
  }
  if (typeof auths !== "object" || auths === null) return null;
  const found = new Map<string, RegistryCredential>();
  for (const [key, value] of Object.entries(auths)) {
    const credential = credentialOf(value);
    if (credential === null) return null;
    const host = key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
    found.set(host === `index.${HUB}` || host === `registry-1.${HUB}` ? HUB : host, credential);
  }
  return found;
}

function credentialOf(value: unknown): RegistryCredential | null {
  if (typeof value !== "object" || value === null) return null;
  const { auth, username, password, identitytoken } = value as Record<string, unknown>;
  if (typeof identitytoken === "string" && identitytoken !== "") return { identitytoken };
  if (typeof username === "string" && typeof password === "string") return { username, password };
  const plain = typeof auth === "string" ? Buffer.from(auth, "base64").toString("utf8") : "";
  const colon = plain.indexOf(":");
  return colon < 1 ? null : { username: plain.slice(0, colon), password: plain.slice(colon + 1) };
}

/** Whose fault a failed pull is: the image's name or rights,
 * or the road to the registry (which concerns every image there). */
export function faultOf(detail: string): "image" | "registry" {
  const named = /unauthorized|denied|no basic auth|not found|manifest unknown|unknown manifest|does not exist|invalid/i;
  return named.test(detail) && !/server misbehaving|no such host/i.test(detail) ? "image" : "registry";
}
