// Where a request comes from, as far as somebody says so who can be believed.

const MAX_ADDRESS = 64;

/** `header`: the one that the proxy in front of us sets on every request; null: there is none.
 * Null where it is not said. */
export function clientAddress(headers: Headers, header: string | null): string | null {
  const value = header === null ? null : headers.get(header);
  // Of a list the last is what the nearest proxy saw.
  const address = value?.split(",").at(-1)?.trim() ?? "";
  return address === "" || address.length > MAX_ADDRESS ? null : address;
}
