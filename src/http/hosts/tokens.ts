// The tokens by which hosts are known, each asked of the Roster and taken for good a moment longer.

const MAX_TOKENS = 1_000;
const MAX_HEADER = 512;
const BEARER = "Bearer ";

export interface KnownHost {
  host: string;
  /** Schedulers its token opens. */
  shards: number;
}

interface Entry extends KnownHost {
  /** Epoch ms. */
  until: number;
}

/** One per isolate. */
export class HostTokens {
  readonly #known = new Map<string, Entry>();
  readonly #goodFor: number;

  /** `goodFor`: ms for which a token that was good is taken for good. */
  constructor({ goodFor }: { goodFor: number }) {
    this.#goodFor = goodFor;
  }

  /** Whose token this is, or null. `authorization`: the header; `afresh`: the Roster itself is asked;
   * `now` in epoch ms. */
  async find(
    authorization: string | null,
    { afresh, now, ask }: { afresh: boolean; now: () => number; ask: (token: string) => Promise<KnownHost | null> },
  ): Promise<KnownHost | null> {
    if (authorization === null || authorization.length > MAX_HEADER || !authorization.startsWith(BEARER)) return null;
    const token = authorization.slice(BEARER.length);
    const known = afresh ? undefined : this.#known.get(token);
    if (known !== undefined && now() < known.until) return known;
    const good = await ask(token);
    if (good === null) return null;
    if (this.#known.size >= MAX_TOKENS) this.#known.clear();
    this.#known.set(token, { ...good, until: now() + this.#goodFor });
    return good;
  }
}
