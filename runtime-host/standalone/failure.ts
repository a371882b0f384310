// What ends a start with one clear sentence and exit code 1. The composition root prints its message and nothing else.

export class StartFailure extends Error {
  override name = "StartFailure";
}

/** An error's message and those of its causes: "fetch failed" alone tells nobody anything. */
export function causesOf(error: unknown): string {
  const texts: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    const text = each.message || (each as NodeJS.ErrnoException).code || each.name;
    texts.push(text.split("\n", 1)[0] ?? "");
  }
  return texts.length === 0 ? String(error) : texts.join(": ");
}
