// What the cron trigger has done each minute: each piece by itself, so that one which fails neither ends nor hides another.

/** Each by what it is called in the log. */
export type Chores = Readonly<Record<string, () => unknown>>;

/** Side by side. `tell` hears of each that failed, when all are over; never rejects. */
export async function doAll(chores: Chores, tell: (text: string) => void): Promise<void> {
  const names = Object.keys(chores);
  const done = await Promise.allSettled(Object.values(chores).map(async (chore) => chore()));
  for (const [at, each] of done.entries()) {
    if (each.status === "rejected") tell(`the cron trigger did not do all: ${names[at]}: ${reasonOf(each.reason)}`);
  }
}

function reasonOf(reason: unknown): string {
  const inner = reason instanceof AggregateError ? ` (${reason.errors.map(String).join("; ")})` : "";
  return `${String(reason)}${inner}`;
}
