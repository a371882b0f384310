// What is printed once the platform serves, for people and for programs.

import { expect, it } from "vitest";
import { greeting, greetingObject } from "../../../runtime-host/standalone/greeting.ts";

const proof = { result: '{"greeting":"Hello"}', cold: 210.4, warm: 1.26 };
const serving = {
  ...{ url: "http://127.0.0.1:3233", consoleUrl: "http://127.0.0.1:3234", engine: "process" },
  ...{ key: { text: "a:b" }, proof, took: 1234.5 },
};

it("is lines that work when pasted", () => {
  const text = greeting(serving);
  expect(text).toContain('hello action   {"greeting":"Hello"}   cold 210 ms, warm 1.3 ms');
  expect(text).toContain("serving        http://127.0.0.1:3233   (process engine, 1.2 s to the first answer");
  expect(text).toContain("console        http://127.0.0.1:3234\n");
  expect(greeting({ ...serving, consoleUrl: null })).toContain("console        off (--console-port");
  expect(text).toContain("wsk property set --apihost http://127.0.0.1:3233 --auth a:b\n");
});

it("names the file of a key that was shown before, quoted for a shell", () => {
  const text = greeting({ ...serving, key: { file: "/it's here/guest.key" } });
  expect(text).toContain(`--auth "$(cat '/it'\\''s here/guest.key')"`);
  expect(greeting({ ...serving, key: { file: "/a/guest.key" } })).toContain('--auth "$(cat /a/guest.key)"');
});

it("is one object for programs", () => {
  const common = {
    url: serving.url,
    consoleUrl: serving.consoleUrl,
    engine: "process",
    tookMs: 1235,
    proof: { result: proof.result, coldMs: 210.4, warmMs: 1.26 },
  };
  expect(greetingObject(serving)).toEqual({ ...common, key: "a:b" });
  expect(greetingObject({ ...serving, key: { file: "/f" } })).toEqual({ ...common, keyFile: "/f" });
});
