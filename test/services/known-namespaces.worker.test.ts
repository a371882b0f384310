// Namespaces that have a well-known key and, since then, keys of their own: one namespace with both ids.

import { expect, it } from "vitest";
import type { Namespace } from "../../src/entities/identity.ts";
import { mergedBook } from "../../src/services/known-namespaces.ts";
import type { NamespaceBook } from "../../src/storage/namespace-book.ts";

const KNOWN: Namespace = { name: "guest", uuid: "known" };
const GUEST: Namespace = { name: "guest", uuid: "stored", records: 2 };
const OTHER: Namespace = { name: "other", uuid: "o", former: ["p"] };

function bookOf(stored: readonly Namespace[]): NamespaceBook {
  return mergedBook(
    {
      byName: async (name) => stored.find((each) => each.name === name) ?? null,
      byId: async (id) => stored.find((each) => each.uuid === id || each.former?.includes(id)) ?? null,
      page: async () => [...stored],
    },
    [KNOWN],
  );
}

it("are found by either id, with both", async () => {
  const book = bookOf([GUEST, OTHER]);
  const both = { ...GUEST, former: ["known"] };
  for (const id of ["stored", "known"]) expect(await book.byId(id)).toEqual(both);
  expect(await book.byName("guest")).toEqual(both);
  expect(await book.page("", 10)).toEqual([both, OTHER]);
  expect(await book.byId("p")).toEqual(OTHER);
  expect(await book.byId("nobody")).toBeNull();
});

it("are not there where the book has them not", async () => {
  const book = bookOf([OTHER]);
  expect(await book.byId("known")).toBeNull();
  expect(await book.byName("guest")).toBeNull();
});
