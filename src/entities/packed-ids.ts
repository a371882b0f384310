// Many activation ids in little room, in which one is found without unpacking them.

/** Ids in order, 16 bytes each, as base64. */
export function packIds(ids: readonly string[]): string {
  let binary = "";
  for (const id of ids.toSorted()) {
    for (let at = 0; at < id.length; at += 2) binary += String.fromCharCode(Number.parseInt(id.slice(at, at + 2), 16));
  }
  return btoa(binary);
}

/** Which of those that were packed this id is, counted from 0 in their order; -1 where it is not among them. */
export function packedPlace(packed: string, id: string): number {
  const binary = atob(packed);
  const wanted = atob(packIds([id]));
  let low = 0;
  let high = binary.length / wanted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const found = binary.slice(middle * wanted.length, (middle + 1) * wanted.length);
    if (found === wanted) return middle;
    if (found < wanted) low = middle + 1;
    else high = middle;
  }
  return -1;
}
