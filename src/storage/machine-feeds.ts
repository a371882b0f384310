// Files of the machine as sources of feeds, in the one-machine mode: SQLite databases and folders that its operator
// names. The process that owns the state folder reads them for the Worker.

import type { ListedObject } from "../entities/source.ts";
import type { FeedBucket } from "./feed-sources.ts";

/** The service that reads them; it is called with a JSON text. */
export interface FeedFilesBinding {
  fetch(input: string, init: { method: string; body: string; signal: AbortSignal }): Promise<Response>;
}

const TIMEOUT_MS = 20_000;

/** Asks it; throws what it says is wrong. `path`: of the kind and the name of a source, e.g. `/d1/ORDERS`. */
export async function askFeedFiles<T>(binding: FeedFilesBinding, path: string, question: object): Promise<T> {
  const answer = await binding.fetch(`http://feeds${path}`, {
    method: "POST",
    body: JSON.stringify(question),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return JSON.parse(text) as T;
}

/** A folder, whose files are its objects. */
export class FolderBucket implements FeedBucket {
  readonly #binding: FeedFilesBinding;
  readonly #name: string;

  constructor(binding: FeedFilesBinding, name: string) {
    this.#binding = binding;
    this.#name = name;
  }

  list(options: { prefix: string; after: string }): Promise<{ objects: ListedObject[]; more: boolean }> {
    return askFeedFiles(this.#binding, `/r2/${this.#name}`, options);
  }
}
