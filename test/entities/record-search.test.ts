// Whether a record is one of those that are looked for: each condition by itself, records from before there was a meta,
// and texts however they are written.

import { describe, expect, it } from "vitest";
import type { ActivationRecord } from "../../src/entities/activation.ts";
import { fits, notedOf, type RecordSearch, stands, standsInLines } from "../../src/entities/record-search.ts";

const CAUSE = "c".repeat(32);

function recordOf(more: Partial<ActivationRecord> = {}, meta: object = {}): ActivationRecord {
  return {
    ...{ activationId: "0".repeat(32), namespace: "guest", name: "hello", version: "0.0.1", subject: "guest" },
    ...{ start: 1, end: 21, duration: 20, statusCode: 0, size: 2, annotations: "[]" },
    ...{ result: { inline: "{}" }, logs: { inline: "[]" } },
    meta: {
      ...{ v: 1, nsId: "n", listName: "hello", kind: "nodejs:20", acceptedAt: 0, waitMs: 3, runMs: 20, logBytes: 0 },
      ...{ traceId: "t", start: "warm", ...meta },
    } as NonNullable<ActivationRecord["meta"]>,
    ...more,
  };
}

/** From before there was a meta. */
function oldRecord(annotations: string): ActivationRecord {
  const { meta: _, ...rest } = recordOf({ annotations });
  return rest;
}

const isFit = (search: RecordSearch, record = recordOf()) => fits(record, search);

describe("a record", () => {
  it("fits a search without conditions", () => expect(isFit({})).toBe(true));

  it("is of its kind, and of that kind's family, but not of what its name only begins with", () => {
    expect(["nodejs:20", "nodejs"].map((kind) => isFit({ kind }))).toEqual([true, true]);
    expect(["nodejs:2", "node", "nodejs:200", "", "python"].map((kind) => isFit({ kind }))).toEqual(
      Array.from({ length: 5 }, () => false),
    );
    expect(isFit({ kind: "sequence" }, recordOf({}, { kind: "sequence" }))).toBe(true);
  });

  it("has the status it ended with; an error is all but success; a timeout is no developer's error", () => {
    const timeout = recordOf({ statusCode: 2, annotations: '[{"key":"timeout","value":true}]' });
    expect([isFit({ status: "success" }), isFit({ status: "error" })]).toEqual([true, false]);
    expect(isFit({ status: "error" }, timeout)).toBe(true);
    expect(isFit({ status: "timeout" }, timeout)).toBe(true);
    expect(isFit({ status: "developer_error" }, timeout)).toBe(false);
    expect(isFit({ status: "developer_error" }, recordOf({ statusCode: 2 }))).toBe(true);
  });

  it("has a duration within bounds that count themselves", () => {
    const search = (minDuration: number, maxDuration: number) => isFit({ minDuration, maxDuration });
    expect([search(20, 20), search(21, 90), search(0, 19)]).toEqual([true, false, false]);
    expect(isFit({ minDuration: 0 }, recordOf({ duration: Number.NaN }))).toBe(false);
    expect(isFit({ maxDuration: 9 }, recordOf({ duration: Number.NaN }))).toBe(false);
  });

  it("was caused by that activation alone", () => {
    expect([isFit({ cause: CAUSE }), isFit({ cause: CAUSE }, recordOf({ cause: CAUSE }))]).toEqual([false, true]);
  });

  it("of a trigger is found by its name; of what a rule started, by the trigger", () => {
    const search = { trigger: "hello" };
    expect(isFit(search)).toBe(false);
    expect(isFit(search, recordOf({}, { kind: "trigger" }))).toBe(true);
    expect(isFit(search, recordOf({ name: "a" }, { trigger: "hello" }))).toBe(true);
    expect(isFit(search, recordOf({ name: "other" }, { kind: "trigger", trigger: "hello" }))).toBe(false);
  });

  it("began as its meta says", () => {
    expect([isFit({ start: "warm" }), isFit({ start: "cold" })]).toEqual([true, false]);
  });

  it("fits nothing by a meta that holds other things than any record's, and fails over none", () => {
    const odd = [[1], { a: 1 }, 7, null, true];
    const metas = [null, 7, "x", [], {}, ...odd.map((value) => ({ kind: value, start: value, trigger: value }))];
    const searches: RecordSearch[] = [{ kind: "nodejs" }, { start: "warm" }, { start: "none" }, { trigger: "hello" }];
    for (const meta of metas) {
      const record = { ...recordOf(), meta } as unknown as ActivationRecord;
      expect(searches.map((search) => isFit(search, record))).toEqual([false, false, false, false]);
      expect(isFit({ reader: { own: "guest", keyId: "k" } }, record)).toBe(false);
      expect(isFit({}, record)).toBe(true);
    }
  });

  it("is one that the reader may read, whatever else is asked", () => {
    const search = { reader: { own: "guest", scope: ["other"] } };
    expect([isFit(search), isFit({ reader: { own: "guest", scope: ["hel*"] } })]).toEqual([false, true]);
  });

  it("must fit each of the conditions", () => {
    const search = { kind: "nodejs", minDuration: 1, start: "warm" } as const;
    expect([isFit(search), isFit({ ...search, status: "error" })]).toEqual([true, false]);
  });
});

describe("a record from before there was a meta", () => {
  it("says its kind in its annotations, if that is a text", () => {
    const kind = "nodejs:20";
    expect(isFit({ kind }, oldRecord(`[{"key":"kind","value":"${kind}"}]`))).toBe(true);
    for (const none of ["[]", '[{"key":"kind","value":20}]', "{", "{}", "null", '[null,7,"kind"]'])
      expect(isFit({ kind }, oldRecord(none))).toBe(false);
  });

  it("began cold where it was initialised, warm where it had a timeout, else not at all", () => {
    const starts = ["cold", "warm", "none"] as const;
    const told = (annotations: string) => starts.filter((start) => isFit({ start }, oldRecord(annotations)));
    expect(told('[{"key":"timeout","value":false},{"key":"initTime","value":3}]')).toEqual(["cold"]);
    expect(told('[{"key":"timeout","value":false}]')).toEqual(["warm"]);
    expect([told("[]"), told("damaged")]).toEqual([["none"], ["none"]]);
  });

  it("fits no trigger", () => expect(isFit({ trigger: "hello" }, oldRecord("[]"))).toBe(false));
});

describe("what a place has noted", () => {
  it("is the part of a search that it can tell; null where there is none", () => {
    const search: RecordSearch = { kind: "nodejs", minDuration: 0, start: "cold", trigger: "t", text: "x" };
    expect(notedOf(search)).toEqual({ kind: "nodejs", minDuration: 0 });
    expect(notedOf({ status: "error", maxDuration: 1, cause: CAUSE })).toEqual({
      ...{ status: "error", maxDuration: 1, cause: CAUSE },
    });
    expect(notedOf({ start: "cold", trigger: "t", text: "x" })).toBeNull();
  });
});

describe("a text", () => {
  it.each([
    ["grüße", '{"a":"grüße"}'],
    ["grüße", '{"a":"gr\\u00fc\\u00dfe"}'],
    ['say "x"', '{"a":"say \\"x\\""}'],
    ["a\nb", '{"a":"a\\nb"}'],
    ["a\nb", '{"a":"a\\u000ab"}'],
    ['"a":1', '{"a":1}'],
    [".*", '{"a":".*"}'],
  ])("%j stands in %s", (text, json) => expect(stands(text, json)).toBe(true));

  it.each([
    ["a.c", '{"a":"abc"}'],
    ["B", '{"a":"b"}'],
    ["x", '{"a":"\\u0079"}'],
    ["x", '{"a":"\\u00'],
  ])("%j does not stand in %s", (text, json) => expect(stands(text, json)).toBe(false));

  it("stands in one line of a log, as its reader sees it, and not across two", () => {
    const lines = JSON.stringify(['one "two"', "three", 4]);
    expect(['e "t', "three", "onethree", "four", "4"].map((text) => standsInLines(text, lines))).toEqual([
      ...[true, true, false, false, false],
    ]);
    for (const none of ["{}", "damaged", '"three"', "null"]) expect(standsInLines("three", none)).toBe(false);
  });
});
