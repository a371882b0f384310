// `major.minor.patch` of an entity: starts at 0.0.1, each write raises the patch unless a version is given.

export const FIRST_VERSION = "0.0.1";

const VERSION = /^(\d{1,10})(?:\.(\d{1,10}))?(?:\.(\d{1,10}))?$/;
const MAX_PART = 2 ** 31 - 1;

/** The version in its full form, or null if the text is none. Missing parts are 0, as upstream reads them. */
export function parseVersion(text: string): string | null {
  const match = VERSION.exec(text);
  if (match === null) return null;
  const parts = [match[1], match[2], match[3]].map((part) => Number(part ?? "0"));
  if (parts.some((part) => part > MAX_PART) || parts.every((part) => part === 0)) return null;
  return parts.join(".");
}

export function nextVersion(version: string): string {
  const [major = "0", minor = "0", patch = "0"] = version.split(".");
  return `${major}.${minor}.${Math.min(Number(patch) + 1, MAX_PART)}`;
}
