// Whether a caller takes an answer of this media type, by his Accept header.

/** `type`: of the answer, e.g. "application/json"; parameters count for nothing. */
export function accepts(accept: string | null, type: string): boolean {
  if (accept === null || accept === "*/*") return true;
  const [wanted = ""] = type.split(";", 1);
  const exact = wanted.trim().toLowerCase();
  const family = `${exact.slice(0, exact.indexOf("/"))}/*`;
  return accept.split(",").some((range) => {
    const [name = "", ...parameters] = range.split(";").map((each) => each.trim().toLowerCase());
    if (parameters.some((each) => /^q=0(\.0*)?$/.test(each))) return false;
    return name === "" || name === "*/*" || name === family || name === exact;
  });
}
