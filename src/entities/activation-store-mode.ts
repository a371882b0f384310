// Where records of activations go: a table (D1), segments (R2), or both.

export type ActivationStoreMode = "d1" | "r2" | "d1+r2";

/** With the values that OpenWhisk's WHISK_ACTIVATION_STORE has for what is likest to each. */
const MODES: Partial<Record<string, ActivationStoreMode>> = {
  ...{ d1: "d1", r2: "r2", "d1+r2": "d1+r2", "r2+d1": "d1+r2" },
  ...{ couchdb: "d1", elasticsearch: "r2", mixed: "d1+r2" },
};

export const ACTIVATION_STORE_CHOICES = "d1, r2 or d1+r2 (or CouchDB, ElasticSearch, mixed for the same)";

/** Undefined if the text is none of the choices. */
export function activationStoreModeOf(text: string): ActivationStoreMode | undefined {
  return MODES[text.trim().toLowerCase()];
}
