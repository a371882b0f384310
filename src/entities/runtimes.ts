// The kinds an action can be written in. The list of names is upstream's manifest plus newer versions of the families
// we ship; which of them can run is what the hosts report.

export interface RuntimeKind {
  kind: string;
  family: string;
  deprecated: boolean;
  /** The family's default where a host can run it. */
  default: boolean;
  requireMain: boolean;
}

/** Any program or script. */
export const NATIVE = "native";

export const MANIFEST: readonly RuntimeKind[] = [
  kind("nodejs:18"),
  kind("nodejs:20", { default: true }),
  kind("nodejs:22"),
  kind("nodejs:24"),
  kind("python:3.9"),
  kind("python:3.10", { default: true }),
  kind("python:3.11"),
  kind("python:3.12"),
  kind("python:3.13"),
  kind("swift:5.3", { default: true }),
  kind("swift:5.7"),
  kind("java:8", { default: true, requireMain: true }),
  kind("php:8.1", { default: true }),
  kind("ruby:2.5", { default: true }),
  kind("go:1.20", { default: true }),
  kind("dotnet:3.1", { default: true, requireMain: true }),
  kind("dotnet:6.0", { requireMain: true }),
  kind("rust:1.34", { default: true }),
  kind(NATIVE, { default: true }),
];

export const BLACKBOX = "blackbox";
export const SEQUENCE = "sequence";
/** Served by the Worker itself, without a container. */
export const BUILTIN = "builtin";

/** Images that OpenWhisk's manifest lists as its own black boxes: made for actions that are a program (`wsk action
 * create
 * --native`), which is what the kind `native` is. */
const SKELETONS: ReadonlySet<string> = new Set(["openwhisk/dockerskeleton"]);
/** Where images without a registry in their name come from. */
const REGISTRY = "docker.io/";

/** Whether the code of an action with this image runs as the kind `native`, wherever there is one. With a registry or a
 * digest in its name the image itself is meant. */
export function isSkeleton(image: string): boolean {
  return SKELETONS.has(image.replace(/:[^:/]*$/, ""));
}

/** The name that means a skeleton image itself. */
export function skeletonItself(image: string): string {
  return REGISTRY + image;
}

/** Families whose runtime takes several activations at once, as it says in its hello. Of black box images only the host
 * that has started one knows: the action's word holds until then. */
const OVERLAPPING: ReadonlySet<string> = new Set(["nodejs", BLACKBOX]);

/** Activations that one container of an action takes at once. */
export function perContainer({ kind, limits }: { kind: string; limits: { concurrency: number } }): number {
  return OVERLAPPING.has(kind.split(":", 1)[0] as string) ? Math.max(1, limits.concurrency) : 1;
}

/** The manifest's kinds that some host can run; all of them while no host has ever reported. */
export function runnableKinds(reported: ReadonlySet<string> | null): RuntimeKind[] {
  return MANIFEST.filter((each) => reported === null || reported.has(each.kind));
}

/** What an action may be written in: what can run, and where hosts may come the manifest's other kinds behind that. The
 * default of a family is one that can run now, if there is one. */
export function acceptedKinds(
  reported: ReadonlySet<string> | null,
  { hostsMayCome }: { hostsMayCome: boolean },
): RuntimeKind[] {
  const runnable = runnableKinds(reported);
  if (!hostsMayCome) return runnable;
  const kinds = new Set(runnable.map((each) => each.kind));
  const families = new Set(runnable.map((each) => each.family));
  const others = MANIFEST.filter((each) => !kinds.has(each.kind));
  return [
    ...withDefaults(runnable),
    ...others.map((each) => (families.has(each.family) ? { ...each, default: false } : each)),
  ];
}

/** Resolves `<family>:default` (or a bare family) among the kinds that can run: the manifest's default if it is there,
 * else the newest. Returns the kind's entry, or null if the kind is not among them.
 * Input is trimmed and lower-cased. */
export function resolveKind(wanted: string, runnable: readonly RuntimeKind[]): RuntimeKind | null {
  const name = wanted.trim().toLowerCase();
  const [family, version] = name.split(":");
  if (version !== "default") return runnable.find((each) => each.kind === name) ?? null;
  const members = runnable.filter((each) => each.family === family);
  return members.find((each) => each.default) ?? members.at(-1) ?? null;
}

/** The same list with exactly one default per family among what can run, as the info document shows it. */
export function withDefaults(runnable: readonly RuntimeKind[]): RuntimeKind[] {
  return runnable.map((each) => ({ ...each, default: resolveKind(`${each.family}:default`, runnable) === each }));
}

function kind(name: string, options: { default?: boolean; requireMain?: boolean } = {}): RuntimeKind {
  return {
    kind: name,
    family: name.split(":", 1)[0] as string,
    deprecated: false,
    default: options.default ?? false,
    requireMain: options.requireMain ?? false,
  };
}
