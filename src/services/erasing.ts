// What erases an object hears of it: it ends before it can answer.

/** Its last words: durable-objects/shared/erasable.ts. */
const ERASED = /this object was erased/;

/** Resolves when the object is empty; rejects where it could not be emptied. */
export async function erased(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!ERASED.test(String(error))) throw error;
  }
}
