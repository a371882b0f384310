// What of the blob store a host may read for a run: the keys in what is sent to it are signed for it, and for as long
// as the run may take. It owns the signed keys of code, which is the same for many runs.

import type { Invocation } from "../../src/protocol/invocation.ts";
import type { Proofs } from "../../src/protocol/proofs.ts";

/** A key outlives the latest end of its run by so much. */
const MARGIN_MS = 60_000;
const SHARED_FOR_MS = 600_000;
const MAX_KEPT = 1_000;

export class Passes {
  readonly #host: string;
  readonly #proofs: () => Proofs;
  readonly #code = new Map<string, { signed: string; until: number }>();

  constructor(host: string, proofs: () => Proofs) {
    this.#host = host;
    this.#proofs = proofs;
  }

  /** The call as its host is to see it. `deadline`: epoch ms at which the run is given up. */
  for(known: Invocation, deadline: number): Invocation {
    const invocation = forHost(known);
    const { exec, args } = invocation;
    const { code } = exec;
    if (code === undefined && !("blob" in args)) return invocation;
    const until = deadline + MARGIN_MS;
    return {
      ...invocation,
      ...(code === undefined ? {} : { exec: { ...exec, code: { ...code, key: this.#codeKey(code.key, until) } } }),
      ...("blob" in args ? { args: { ...args, blob: this.#sign(args.blob, until) } } : {}),
    };
  }

  #codeKey(key: string, until: number): string {
    const known = this.#code.get(key);
    if (known !== undefined && known.until >= until) return known.signed;
    const made = { signed: this.#sign(key, until + SHARED_FOR_MS), until: until + SHARED_FOR_MS };
    if (this.#code.size >= MAX_KEPT) this.#code.clear();
    this.#code.set(key, made);
    return made.signed;
  }

  #sign(key: string, until: number): string {
    return this.#proofs().blob(key, { host: this.#host, until });
  }
}

/** What the key opens is none of its business; older hosts know but two of these words. */
function forHost(invocation: Invocation): Invocation {
  const { scope, rights, ...rest } = invocation;
  const isKnown = rights === undefined || rights === "use" || rights === "deploy";
  if (scope === undefined && isKnown) return invocation;
  return isKnown && rights !== undefined ? { ...rest, rights } : rest;
}
