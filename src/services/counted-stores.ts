// The stores, their work counted by what upstream calls it. Nothing else about them is changed.

import type { DatabaseWork } from "../metrics/system-families.ts";
import type { BlobStore } from "../storage/blob-store.ts";
import type { EntityStore } from "../storage/entity-store.ts";
import type { IsolateMetrics } from "./isolate-metrics.ts";

type Works<T> = { readonly [name in keyof T]?: DatabaseWork };

const ENTITIES: Works<EntityStore> = {
  ...{ get: "getDocument", list: "queryView", count: "queryView" },
  ...{ put: "saveDocument", putTogether: "saveDocument" },
  ...{ delete: "deleteDocument", removePackage: "deleteDocument" },
};
const BLOBS: Works<BlobStore> = {
  ...{ get: "getDocumentAttachment", text: "getDocumentAttachment", part: "getDocumentAttachment" },
  ...{ put: "saveDocumentAttachment", putOnce: "saveDocumentAttachment", putStream: "saveDocumentAttachment" },
  delete: "deleteDocumentAttachment",
};

/** The same stores, with what is done with entities and blobs told to `counted`. */
export function countedStores<S extends { entities: EntityStore; blobs?: BlobStore }>(
  stores: S,
  counted: Pick<IsolateMetrics, "worked">,
): S {
  const { entities, blobs } = stores;
  return {
    ...stores,
    entities: countedAs(entities, ENTITIES, counted),
    ...(blobs === undefined ? {} : { blobs: countedAs(blobs, BLOBS, counted) }),
  };
}

function countedAs<T extends object>(store: T, works: Works<T>, counted: Pick<IsolateMetrics, "worked">): T {
  const methods = new Map<PropertyKey, unknown>();
  for (const [name, work] of Object.entries(works) as [keyof T, DatabaseWork][]) {
    const method = store[name] as (...given: unknown[]) => Promise<unknown>;
    methods.set(name, async (...given: unknown[]) => {
      const began = Date.now();
      try {
        const done = await method.apply(store, given);
        counted.worked(work, Date.now() - began);
        return done;
      } catch (error) {
        counted.worked(work, null);
        throw error;
      }
    });
  }
  return new Proxy(store, {
    get(of, name) {
      const method = methods.get(name);
      if (method !== undefined) return method;
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === "function" ? value.bind(of) : value;
    },
  });
}
