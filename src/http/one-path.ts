// A path has one meaning, whoever reads it: the router takes the segments as they came, a parser of addresses takes "."
// and ".." away and reads "\" as "/". What the two would read differently is refused at the door.

const DOTS = /^(\.|%2e){1,2}$/i;

/** Why the path of this address is not taken, or null. */
export function pathFault(url: string): string | null {
  const [path = ""] = url.slice(originLength(url)).split(/[?#]/, 1);
  if (path.includes("\\")) return "The path of the address holds a backslash: write it as %5C.";
  if (path.split("/").some((segment) => DOTS.test(segment))) {
    return 'The path of the address holds a segment "." or "..", which nothing here has for a name.';
  }
  return null;
}

function originLength(url: string): number {
  const scheme = url.indexOf("://");
  const slash = url.indexOf("/", scheme < 0 ? 0 : scheme + 3);
  return slash < 0 ? url.length : slash;
}
