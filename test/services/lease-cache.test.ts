import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LeaseCache } from "../../src/services/lease-cache.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

const later = (): void => undefined;

/** Keepers of all namespaces, and what was asked of them. */
function keepers() {
  const asked: string[] = [];
  const epochs = new Map<string, number>();
  const raise = (name: string) => void epochs.set(name, (epochs.get(name) ?? 0) + 1);
  const keeperOf = (name: string) => ({
    lease: async (holder: string) => {
      asked.push(`${holder} lease ${name}`);
      return { epoch: epochs.get(name) ?? 0, ttl: 1_000 };
    },
    beginWrite: async (holder: string) => {
      asked.push(`${holder} begin ${name}`);
      raise(name);
    },
    endWrite: async (holder: string) => {
      asked.push(`${holder} end ${name}`);
      raise(name);
    },
  });
  return { asked, epochs, keeperOf };
}

test("a namespace's keeper is asked once for all calls of a while", async () => {
  const { asked, keeperOf } = keepers();
  const leases = new LeaseCache(keeperOf, "isolate");
  await leases.lease("guest", later);
  for (let call = 0; call < 100; call++) expect(leases.lease("guest", later)).toEqual({ epoch: 0, ttl: 1_000 });
  await leases.lease("other", later);
  expect(asked).toEqual(["isolate lease guest", "isolate lease other"]);
});

test("a write forgets the leases of its namespaces before it begins and after it ended", async () => {
  const { asked, keeperOf } = keepers();
  const leases = new LeaseCache(keeperOf, "isolate");
  await leases.lease("a", later);
  await leases.lease("b", later);
  asked.length = 0;
  const during = await leases.withWrites(["a"], async () => {
    asked.push("write");
    return leases.lease("a", later);
  });
  expect(during.epoch).toBe(1);
  expect(await leases.lease("a", later)).toMatchObject({ epoch: 2 });
  expect(leases.lease("b", later)).toMatchObject({ epoch: 0 });
  expect(asked).toEqual(["isolate begin a", "write", "isolate lease a", "isolate end a", "isolate lease a"]);
});

test("a write that fails has ended all the same", async () => {
  const { asked, keeperOf } = keepers();
  const leases = new LeaseCache(keeperOf, "isolate");
  const write = leases.withWrites(["a", "b"], async () => {
    throw new Error("the store is away");
  });
  await expect(write).rejects.toThrow("the store is away");
  expect(asked).toEqual(["isolate begin a", "isolate begin b", "isolate end a", "isolate end b"]);
});

test("a lease that was asked for before a write is not used after it", async () => {
  const { keeperOf } = keepers();
  const answer = Promise.withResolvers<{ epoch: number; ttl: number }>();
  const slow = { ...keeperOf("a"), lease: () => answer.promise };
  let keeper: ReturnType<typeof keeperOf> = slow;
  const leases = new LeaseCache(() => keeper, "isolate");
  const before = leases.lease("a", later);
  keeper = keeperOf("a");
  await leases.withWrites(["a"], async () => undefined);
  answer.resolve({ epoch: 0, ttl: 1_000 });
  expect(await before).toMatchObject({ epoch: 0 });
  expect((await leases.lease("a", later)).epoch).toBe(2);
});

test("of very many namespaces those in use are kept", async () => {
  const { asked, keeperOf } = keepers();
  const leases = new LeaseCache(keeperOf, "isolate");
  await leases.lease("old", later);
  vi.setSystemTime(5_000);
  for (let each = 0; each < 9_999; each++) await leases.lease(`n${each}`, later);
  await leases.lease("one more", later);
  asked.length = 0;
  expect(leases.lease("n0", later)).not.toBeInstanceOf(Promise);
  expect(asked).toEqual([]);
});
