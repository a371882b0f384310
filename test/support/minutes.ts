// Rates are counted by whole minutes of the clock. A machine that is busy may be still asking when one ends.

const MINUTE_MS = 60_000;

/** Waits for the next minute where less than so many ms of this one are left. */
export async function freshMinute(atLeast = 20_000): Promise<void> {
  const left = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (left < atLeast) await new Promise((done) => setTimeout(done, left + 200));
}

/** What `ask` gives, or how it fails, within one minute. It is asked again in the next where one ended meanwhile. */
export async function withinOneMinute<T>(ask: () => Promise<T>, { atLeast = 10_000 } = {}): Promise<T> {
  const minute = () => Math.floor(Date.now() / MINUTE_MS);
  for (let left = atLeast; ; left = MINUTE_MS - 1_000) {
    await freshMinute(left);
    const began = minute();
    try {
      const given = await ask();
      if (minute() === began) return given;
    } catch (error) {
      if (minute() === began) throw error;
    }
  }
}
