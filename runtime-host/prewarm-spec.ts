// What to keep ready without knowing the action: "kind=count[@MB]", separated by commas.

export interface Prewarm {
  kind: string;
  /** MB of memory limit the container is made for. */
  memory: number;
  count: number;
}

const ITEM = /^([a-z]+:[a-z0-9.]+)(?:=(\d{1,3}))?(?:@(\d{1,6}))?$/;

/** Null if it makes no sense. */
export function parsePrewarm(text: string): Prewarm[] | null {
  if (text === "none") return [];
  const list: Prewarm[] = [];
  for (const part of text.split(",")) {
    const match = ITEM.exec(part.trim());
    if (match === null) return null;
    const [, kind, count, memory] = match;
    list.push({ kind: kind as string, count: Number(count ?? "1"), memory: Number(memory ?? "256") });
  }
  return list.length > 20 ? null : list;
}
