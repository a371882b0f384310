// Keys of blobs. `name..size` means the first `size` bytes of the object `name`: what was put before its length was
// known is followed by padding.

const MARKED = /^(.*)\.\.(\d{1,15})$/s;

/** The key of a blob that ends in padding: its name, and behind two dots the bytes that count. */
export function withSize(name: string, size: number): string {
  return `${name}..${size}`;
}

/** The reverse of `withSize`. A key without a size names a blob that counts as a whole. */
export function parseBlobKey(key: string): { name: string; size?: number } {
  const match = MARKED.exec(key);
  return match === null ? { name: key } : { name: match[1] ?? "", size: Number(match[2]) };
}
