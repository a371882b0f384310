// Which deliveries are wanted: by their headers, and by what stands at paths of their JSON.

import { expect, it } from "vitest";
import { passes } from "../../src/events/filter.ts";

const EVENT = '{"action":"opened","n":1,"pull":{"labels":[{"name":"bug"},{"name":"ui"}],"draft":false},"a":1,"a":2}';
const about = (name: string, value: unknown) => ({ header: {}, json: { [name]: [value].flat() as never[] } });

it("a filter wants each of its conditions, by any of its values", () => {
  const told = { headers: new Headers({ "X-GitHub-Event": "pull_request" }), payload: EVENT };
  const yes = [
    undefined,
    { header: {}, json: {} },
    { header: { "x-github-event": ["push", "pull_request"] }, json: { action: ["opened"] } },
    { header: { "x-other": [null] }, json: {} },
    about("$.pull.labels[1].name", "ui"),
    about("pull.draft", false),
    about("n", [3, 1]),
    about("missing.deep[7]", null),
    about("a", 2),
  ];
  for (const filter of yes) expect([filter, passes(filter, told)]).toEqual([filter, true]);
  const no = [
    { header: { "x-github-event": ["push"] }, json: {} },
    { header: { "x-other": ["null"] }, json: {} },
    { header: { "x-github-event": ["pull_request"] }, json: { action: ["closed"] } },
    about("n", "1"),
    about("pull", null),
    about("pull.labels", "bug"),
    about("action[0]", "o"),
    about("a", 1),
    about("__proto__", 1),
  ];
  for (const filter of no) expect([filter, passes(filter, told)]).toEqual([filter, false]);
});

it("a path has one meaning: steps into objects by name, into arrays by number", () => {
  const payload = '{"$":1,"list":[[1,2],{"a.b":3}],"0":4,"n":1.0,"e":"","null":null}';
  const holds = (path: string, value: unknown) => passes(about(path, value), { headers: new Headers(), payload });
  expect([holds("list[0][1]", 2), holds("$list[0][1]", 2), holds("list[1].a", null), holds("[0]", null)]).toEqual([
    ...[true, true, true, true],
  ]);
  expect([holds("0", 4), holds("n", 1), holds("e", ""), holds("null", null), holds("list[2]", null)]).toEqual([
    ...[true, true, true, true, true],
  ]);
  expect([holds("list[0]", 1), holds("e", null), holds("list.0", 1), holds("", "x"), holds("$", 1)]).toEqual([
    ...[false, false, false, false, false],
  ]);
});

it("a header is held against texts, be they given as numbers or not", () => {
  const told = { headers: new Headers({ "x-n": "7", "x-empty": "" }), payload: "{}" };
  const holds = (name: string, value: unknown) => passes({ header: { [name]: [value] as never }, json: {} }, told);
  expect([holds("X-N", 7), holds("x-n", "7"), holds("x-empty", ""), holds("x-none", null)]).toEqual([
    ...[true, true, true, true],
  ]);
  expect([holds("x-n", 8), holds("x-empty", null), holds("x-none", ""), holds("x-n", null)]).toEqual([
    ...[false, false, false, false],
  ]);
});

it("every condition must hold: each header, and each path", () => {
  const told = { headers: new Headers({ a: "1", b: "2" }), payload: '{"c":3,"d":4}' };
  const holds = (b: number, d: number) => passes({ header: { a: [1], b: [b] }, json: { c: [3], d: [d] } }, told);
  expect([holds(2, 4), holds(0, 4), holds(2, 0)]).toEqual([true, false, false]);
});
