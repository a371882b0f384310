// How objects are named: whoever holds an activation's id and its namespace can address the store that keeps it.

/** The one Roster object's name. */
export const ROSTER_NAME = "roster";

/** Name of the store object that keeps `id` for the namespace with this uuid. */
export function storeNameOf(activation: { id: string; about: { namespaceId: string } }): string {
  return `${activation.about.namespaceId}:${activation.id.slice(12, 14)}`;
}
