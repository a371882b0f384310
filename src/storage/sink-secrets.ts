// Secret headers of sinks: kept sealed, and told to nobody but who sends.

/** By lower-case names. */
export type SecretHeaders = Readonly<Record<string, string>>;

/** Where they are kept, each set by an id. */
export interface SinkSecrets {
  /** Under a new id. */
  keep(namespaceId: string, headers: SecretHeaders): Promise<string>;
  /** Throws if they are gone, or no master secret at hand opens them: nothing is sent without them. */
  open(namespaceId: string, id: string): Promise<SecretHeaders>;
  forget(namespaceId: string, id: string): Promise<void>;
  /** Those that were kept before (epoch ms), of so many namespaces whose ids follow `after`. */
  keptBefore(
    before: number,
    wish: { after: string; namespaces: number },
  ): Promise<{ namespaceId: string; ids: string[] }[]>;
}
