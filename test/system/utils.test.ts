// The functions of /whisk.system/utils, by the bytes they take and give.

import { expect, it } from "vitest";
import { UTILS } from "../../src/system/utils.ts";
import { noPorts } from "./no-ports.ts";

const CONTEXT = {
  namespace: "guest",
  caller: { subject: "guest", namespace: { name: "guest", uuid: "u" }, limits: {}, derived: false },
  activationId: "id",
  apiHost: "https://here",
  now: Date.UTC(2026, 1, 3, 4, 5, 6),
};
const PORTS = noPorts();

function run(name: string, args: string): string {
  const action = UTILS.actions[name];
  const text = action !== undefined && "run" in action ? action.run(args, CONTEXT, PORTS) : undefined;
  if (typeof text !== "string") throw new Error(`${name} is not there`);
  JSON.parse(text);
  return text;
}

it.each([
  ["echo", '{ "n": 18446744073709551616, "f": 1.0 }', '{ "n": 18446744073709551616, "f": 1.0 }'],
  [
    "cat",
    '{"lines":["a",18446744073709551616,1.0]}',
    '{"lines":["a",18446744073709551616,1.0],"payload":"a\\n18446744073709551616\\n1.0"}',
  ],
  ["cat", "{}", '{"lines":[],"payload":""}'],
  ["head", '{"lines":[1.50,2,3]}', '{"lines":[1.50],"num":1}'],
  ["head", '{"lines":[1,2,3],"num":0}', '{"lines":[1],"num":1}'],
  ["head", '{"lines":[1,2,3],"num":-1}', '{"lines":[1,2],"num":-1}'],
  ["sort", '{"lines":[10,9,"b",1.0,"a"]}', '{"lines":[1.0,10,9,"a","b"],"length":5}'],
  ["split", '{"payload":"a\\r\\nb\\nc"}', '{"lines":["a","b","c"],"payload":"a\\r\\nb\\nc"}'],
  ["split", '{"payload":"a.b","separator":"."}', '{"lines":["a","b"],"payload":"a.b"}'],
  ["split", '{"payload":12.30,"separator":"2"}', '{"lines":["1",".30"],"payload":12.30}'],
  ["date", "{}", '{"date":"2026-02-03T04:05:06.000Z"}'],
  ["smash", '{"a":1.0,"$fieldName":"p","b":{}}', '{"p":{"a":1.0,"b":{}}}'],
  ["smash", '{"$fieldName":"__proto__","a":1}', '{"__proto__":{"a":1}}'],
  ["smash", '{"a":1}', `{"error":"Expected an argument '$fieldName' of type 'string'."}`],
  ["namespace", '{"namespace":"other"}', '{"namespace":"guest"}'],
  ["hosturl", "{}", '{"url":"https://here/api/v1/namespaces/guest/actions"}'],
  ["hosturl", '{"web":true,"path":"a","ext":".http"}', '{"url":"https://here/api/v1/web/guest/default/a.http"}'],
  ["hosturl", '{"web":true,"path":"p/a"}', '{"url":"https://here/api/v1/web/guest/p/a"}'],
  ["hosturl", '{"trigger":true,"path":"t"}', '{"url":"https://here/api/v1/namespaces/guest/triggers/t"}'],
])("%s of %s", (name, args, expected) => {
  expect(run(name, args)).toBe(expected);
});

it.each([
  ["cat", '{"lines":"abc"}'],
  ["head", '{"lines":{}}'],
  ["head", '{"lines":[1],"num":"x"}'],
  ["head", '{"lines":[1],"num":1.5}'],
  ["sort", '{"lines":1}'],
  ["split", "{}"],
  ["split", '{"payload":null}'],
  ["smash", '{"$fieldName":1}'],
  ["hosturl", '{"web":true,"trigger":true}'],
  ["hosturl", '{"web":true,"ext":".xml"}'],
  ["hosturl", '{"trigger":true,"path":"p/t"}'],
])("%s of %s is an application error", (name, args) => {
  expect(JSON.parse(run(name, args))).toEqual({ error: expect.any(String) });
});

it("all take the empty and the odd without throwing", () => {
  for (const name of Object.keys(UTILS.actions)) {
    for (const args of [
      "{}",
      '{"lines":null}',
      '{"lines":[null,{},[[]]]}',
      '{"payload":{"a":1},"separator":7}',
      '{"num":null}',
    ]) {
      run(name, args);
    }
  }
});
