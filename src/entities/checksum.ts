// A checksum of a text that is stored: FNV-1a over its UTF-16 units, 32 bits. Each step is one to one, so that any
// single unit that has changed is noticed for certain. It is no protection against anybody who writes on purpose.

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

export function checksumOf(text: string): number {
  let sum = BASIS;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), PRIME);
  return sum >>> 0;
}
