// The deletion of a namespace as a job of pieces: what it does in which order, where it stops, and how it goes on.

import { beforeEach, describe, expect, test } from "vitest";
import { beginDeletion, continueDeletion, type DeletionContext } from "../../src/catalog/deletion.ts";
import type { Deletion } from "../../src/storage/deletion-store.ts";

const BEGAN = 1_000;
const LONGEST = 10_000;

/** A namespace with two ids, some entities, records, and a segment; `story` is what happened, in its order. */
class Doomed implements DeletionContext {
  readonly shards = 2;
  readonly longestRun = LONGEST;
  readonly story: string[] = [];
  at = BEGAN;
  /** ms that each look at the clock takes. */
  step = 0;
  entities = 300;
  records = ["a", "b"];
  segmentsLeft = ["records/n/00/first"];
  saved: Deletion | null = null;
  takenUntil = 0;
  failsOnce = "";

  now = () => {
    this.at += this.step;
    return this.at;
  };
  withWrites: DeletionContext["withWrites"] = async (names, write) => {
    this.story.push(`begin ${names}`);
    const done = await write();
    this.story.push(`end ${names}`);
    return done;
  };
  shard: DeletionContext["shard"] = (id, shard) => ({
    bar: async (subject, { barred, everybody }) => {
      this.story.push(`bar ${subject}@${id}:${shard} ${barred && everybody}`);
    },
  });
  erase: DeletionContext["erase"] = async (id, shard) => this.#done(`erase ${id}:${shard}`);
  identities = { byNamespace: async () => null };
  deletions: DeletionContext["deletions"] = {
    begin: async (name) => {
      if (this.saved !== null) return null;
      const namespace = { name, uuid: "n", former: ["f"], records: 0 };
      const gone = { keys: 1, entities: 0, objects: 0, records: 0 };
      this.saved = { namespace, began: BEGAN, pass: 1, stage: "entities", cursor: 0, gone, ended: null };
      return this.saved;
    },
    find: async () => this.saved,
    take: async ({ now, until }) => {
      if (this.saved === null || this.saved.ended !== null || this.takenUntil > now) return null;
      this.takenUntil = until;
      return this.saved;
    },
    save: async (deletion) => {
      this.saved = deletion;
    },
    leave: async () => {
      this.takenUntil = 0;
    },
    dropEntities: async (_, max) => {
      const gone = Math.min(max, this.entities);
      this.entities -= gone;
      this.#done(`drop ${gone}`);
      return gone;
    },
    end: async (deletion, now) => {
      this.saved = { ...deletion, ended: now };
      this.story.push("end");
    },
    contents: async () => ({ keys: 1, entities: {}, schedules: 0 }),
  };
  table: DeletionContext["table"] = () => ({
    count: async () => this.records.length,
    list: async (id) => {
      const here = id === "n" ? this.records : [];
      const text = (each: string) =>
        JSON.stringify({ activationId: each, result: { blob: `results/${each}/1`, size: 1 }, logs: { inline: "[]" } });
      return { records: here.map((each) => ({ id: each, start: 1, name: "", text: text(each), sum: 0 })), more: false };
    },
    remove: async (id, ids) => {
      this.#done(`remove ${id} ${ids}`);
      this.records = this.records.filter((each) => !ids.includes(each));
    },
  });
  segmentKeys: DeletionContext["segmentKeys"] = async (id) => (id === "n" ? this.segmentsLeft : []);
  segments: DeletionContext["segments"] = {
    put: async () => ({ bytes: 0, entries: [] }),
    entries: async () => null,
    read: async () => [],
    delete: async (keys) => {
      this.story.push(`segments ${keys}`);
      this.segmentsLeft = [];
    },
  };
  blobs: DeletionContext["blobs"] = {
    delete: async (keys) => void this.story.push(`blobs ${keys}`),
  };

  #done(what: string): void {
    if (what.startsWith(this.failsOnce) && this.failsOnce !== "") {
      this.failsOnce = "";
      throw new Error("away");
    }
    this.story.push(what);
  }
}

let doomed: Doomed;
beforeEach(() => {
  doomed = new Doomed();
});

const PASS = ["erase n:0", "erase f:0", "erase n:1", "erase f:1"];
const go = () => continueDeletion(doomed, { until: doomed.at + 1_000 });

describe("a deletion", () => {
  test("takes keys and what waits first, then all the rest, and at last what ran", async () => {
    expect(await beginDeletion(doomed, "team")).toMatchObject({ ok: true, value: { stage: "entities" } });
    const bars = ["n:0", "n:1", "f:0", "f:1"].map((at) => `bar @${at} true`);
    expect(doomed.story.splice(0)).toEqual(["begin team", "end team", ...bars]);
    expect(await go()).toMatchObject({ stage: "late", gone: { entities: 300, records: 2, objects: 2 }, ended: null });
    expect(doomed.story.splice(0)).toEqual([
      ...["drop 200", "drop 100", "drop 0", ...PASS],
      ...["blobs results/a/1,results/b/1", "remove n a,b", "segments records/n/00/first"],
    ]);
    expect(await go()).toMatchObject({ stage: "late" });
    doomed.records = ["late"];
    doomed.at = BEGAN + LONGEST;
    expect(await go()).toMatchObject({ stage: "done", gone: { records: 3 } });
    expect(doomed.story).toEqual([...PASS, "blobs results/late/1", "remove n late", "end"]);
    expect(await go()).toBeNull();
  });

  test("goes on where it stopped: after its time, and after a failure", async () => {
    await beginDeletion(doomed, "team");
    doomed.step = 600;
    expect(await go()).toMatchObject({ stage: "entities", gone: { entities: 200 } });
    doomed.step = 0;
    doomed.failsOnce = "erase n:1";
    await expect(go()).rejects.toThrow("away");
    expect(doomed.saved).toMatchObject({ stage: "activations", cursor: 1 });
    expect(await go()).toMatchObject({ stage: "late", gone: { entities: 300, records: 2 } });
  });

  test("is nobody else's while somebody works on it", async () => {
    await beginDeletion(doomed, "team");
    doomed.takenUntil = doomed.at + 1;
    expect(await go()).toBeNull();
    doomed.at++;
    expect(await go()).toMatchObject({ stage: "late" });
  });

  test("is not begun twice, and not of what is the platform's own", async () => {
    expect(await beginDeletion(doomed, "whisk.system")).toMatchObject({ code: "built-in" });
    expect(doomed.story).toEqual([]);
    await beginDeletion(doomed, "team");
    expect(await beginDeletion(doomed, "team")).toMatchObject({ code: "namespace-closed" });
    doomed.saved = { ...(doomed.saved as Deletion), ended: 1 };
    expect(await beginDeletion(doomed, "team")).toMatchObject({ code: "not-found" });
  });
});
