// The machine below the Worker, where there is one that it may ask: in the one-machine mode the process that owns the
// state folder. It knows what the platform's errors hide (a full or read-only disk), and can see to it that files are
// on the disk.

import { faultText } from "../entities/log-level.ts";
import { log } from "../log.ts";

/** The service that answers for the machine, in the one-machine mode; it is called with paths such as `/disk`. */
export interface MachineBinding {
  fetch(input: string, init?: { method: string; signal: AbortSignal }): Promise<Response>;
}

/** What of a write is raced against the disk's fate, so that it ends where the store neither takes nor refuses it. */
export interface Vigil {
  race<T>(work: Promise<T>): Promise<T>;
  end(): void;
}

const ASK_TIMEOUT_MS = 2_000;
/** ms between two looks while something is written. */
const LOOK_EVERY_MS = 2_000;
const SYNC_TIMEOUT_MS = 60_000;
/** Longer no deletion waits for a backup. */
const MAX_BACKUP_MS = 6 * 3_600_000;

/** Asks the machine how its disk is, and syncs what was written. Without the binding (Cloudflare) all is well. */
export class MachineClient {
  readonly #binding: MachineBinding | undefined;

  constructor(binding: MachineBinding | undefined) {
    this.#binding = binding;
  }

  /** Why nothing can be stored now, as a sentence for whoever asked, or null. Never rejects. */
  ailing(): Promise<string | null> {
    return this.#ask("disk");
  }

  /** Why what is stored cannot be read, as far as is known by now; asked where an error has no other explanation.
   * Never rejects. */
  damaged(): Promise<string | null> {
    return this.#ask("state");
  }

  /** Whatever of the two explains an error of the storage, or null. Never rejects. */
  async fault(): Promise<string | null> {
    return (await this.ailing()) ?? (await this.damaged());
  }

  /** Why the disk takes no more records that wait in the objects, or null. Never rejects. */
  ledgerFault(): Promise<string | null> {
    return this.#ask("ledger");
  }

  async #ask(what: "disk" | "state" | "ledger"): Promise<string | null> {
    if (this.#binding === undefined) return null;
    try {
      const answer = await this.#binding.fetch(`http://machine/${what}`, {
        method: "GET",
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      const text = await answer.text();
      return answer.ok && text !== "" ? text : null;
    } catch (error) {
      log.warn("machine-silent", { asked: what, text: faultText(error) });
      return null;
    }
  }

  /** Whether the process of this host is on the machine and only waits for the processor. Never rejects. */
  async isGoing(host: string): Promise<boolean> {
    if (this.#binding === undefined) return false;
    try {
      const answer = await this.#binding.fetch(`http://machine/host/${encodeURIComponent(host)}`, {
        method: "GET",
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      return answer.ok && (await answer.text()) === "going";
    } catch (error) {
      log.warn("machine-silent", { asked: `whether ${host} lives`, text: faultText(error) });
      return false;
    }
  }

  /** Resolves once no backup of the state runs: it could name what is deleted meanwhile. Never rejects; where the
   * machine does not say, nobody waits. */
  async unlessBackedUp(): Promise<void> {
    if (this.#binding === undefined) return;
    for (const until = Date.now() + MAX_BACKUP_MS; Date.now() < until; ) {
      if (!(await this.backupRuns())) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Whether the state is being backed up just now. Never rejects; false where the machine does not say. */
  async backupRuns(): Promise<boolean> {
    if (this.#binding === undefined) return false;
    try {
      const answer = await this.#binding.fetch("http://machine/backup", {
        method: "GET",
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      return (await answer.text()) === "runs";
    } catch (error) {
      log.warn("machine-silent", { asked: "whether a backup runs", text: faultText(error) });
      return false;
    }
  }

  /** For one write: rejects if nothing can be stored now, else watches until `end`. */
  async vigil(): Promise<Vigil> {
    if (this.#binding === undefined) return { race: (work) => work, end: () => undefined };
    const refuse = (reason: string) => new Error(`nothing can be stored: ${reason}`);
    const reason = await this.ailing();
    if (reason !== null) throw refuse(reason);
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    const timer = setInterval(async () => {
      const found = await this.ailing();
      if (found !== null) reject(refuse(found));
    }, LOOK_EVERY_MS);
    return { race: (work) => Promise.race([work, promise]), end: () => clearInterval(timer) };
  }

  /** Resolves when the files of all blobs written so far are on the disk, power loss or not.
   * Elsewhere the store sees to it. */
  async sync(): Promise<void> {
    if (this.#binding === undefined) return;
    const answer = await this.#binding.fetch("http://machine/sync", {
      method: "POST",
      signal: AbortSignal.timeout(SYNC_TIMEOUT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the blobs are not on the disk: ${text}`);
  }
}
