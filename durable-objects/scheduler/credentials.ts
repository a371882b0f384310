// Keys for actions, made right before their run is sent. It owns those that were minted: one serves the runs of its
// namespace in the next half minute as well, so that most runs are sent without waiting.

import type { Invocation } from "../../src/protocol/invocation.ts";

/** A credential outlives the latest end of its run by so much. */
const MARGIN_MS = 60_000;
const SHARED_FOR_MS = 30_000;
const MAX_KEPT = 1_000;

export type MakeCredential = (invocation: Invocation, expiresAt: number) => Promise<string>;

export class Credentials {
  readonly #make: MakeCredential;
  readonly #minted = new Map<string, { key: string; expiresAt: number }>();

  constructor(make: MakeCredential) {
    this.#make = make;
  }

  /** `deadline`: epoch ms at which the run is given up. */
  for(invocation: Invocation, deadline: number): undefined | string | Promise<string> {
    if (invocation.credential === "none") return undefined;
    if (invocation.credential === "owner") return this.#make(invocation, deadline + MARGIN_MS);
    const known = this.#minted.get(slot(invocation));
    if (known !== undefined && known.expiresAt >= deadline + MARGIN_MS) return known.key;
    return this.#mint(invocation, deadline + MARGIN_MS + SHARED_FOR_MS);
  }

  async #mint(invocation: Invocation, expiresAt: number): Promise<string> {
    const key = await this.#make(invocation, expiresAt);
    if (this.#minted.size >= MAX_KEPT) this.#minted.clear();
    this.#minted.set(slot(invocation), { key, expiresAt });
    return key;
  }
}

/** Runs called with one key and with the same rights, scope and timeout share, so that none gets a key that lives much
 * longer than it. */
function slot({ about, rights, scope }: Invocation): string {
  const may = scope === undefined ? "" : `:${scope.join("\n")}`;
  return `${about.namespaceId}:${about.keyId ?? ""}:${rights ?? "use"}:${about.limits.timeout}${may}`;
}
