// Sequences as they are made: parity 2.5, and what 1.4, 2.4 and 3.2 say of them.

import { expect } from "vitest";
import { action, COUNT, put, sequence, sequenceOf, times } from "./compositions.ts";
import {
  type Answer,
  annotation,
  ask,
  code,
  ECHO,
  fresh,
  key,
  type Loose,
  line,
  make,
  namespace,
  pair,
  useApi,
} from "./suite.ts";

await useApi();

const TOO_LONG = "Too many actions in the sequence.";

function refused(answer: Answer, text: string): void {
  expect([answer.status, answer.json.error]).toEqual([400, text]);
}

line(
  "2.69 3.28 2.62 1.20",
  "a sequence is shown with the full names of its components, here and as parameter",
  async () => {
    const name = await action();
    const seq = fresh("seq");
    const parameters = [pair("mine", 1)];
    const components = [`/_/${name}`, { path: namespace(1), name }];
    const answer = await put(seq, { exec: { kind: " Sequence ", components }, parameters });
    const full = `/${namespace(1)}/${name}`;
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      name: seq,
      version: "0.0.1",
      exec: { kind: "sequence", components: [full, full] },
      parameters: [{ key: "_actions", value: [full, full] }],
      limits: { timeout: 60000, memory: 256 },
    });
    expect(annotation(answer.json, "exec")).toBe("sequence");
    expect((await ask("GET", `actions/${seq}`)).json).toEqual(answer.json);
    const listed = (await ask("GET", "actions?limit=200")).json.find((each: Loose) => each.name === seq);
    expect(listed.exec).toEqual({ binary: false });
    const more = await put(seq, { parameters, limits: { timeout: 1000 } });
    expect(more.json).toMatchObject({
      version: "0.0.2",
      parameters: answer.json.parameters,
      limits: { timeout: 1000 },
    });
    await ask("DELETE", `actions/${seq}`);
  },
);

line("2.69", "a component is a name with namespace, or the body is malformed", async () => {
  for (const components of [["a"], ["/a"], ["/a/b/c/d"], ["/a/b*"], [1], "/ns/a", {}]) {
    const answer = await put(fresh("seq"), { exec: { kind: "sequence", components } });
    expect([components, answer.status]).toEqual([components, 400]);
    expect(answer.json.error).toMatch(/^The request content was malformed:\n./);
  }
  const { json } = await put(fresh("seq"), { exec: { kind: "sequence", components: ["a", "b"] } });
  expect(json.error).toContain("fully qualified name of the entity must contain at least");
});

line("2.70 2.71", "without components there is no sequence, new or old", async () => {
  const seq = await sequence([await action()]);
  for (const name of [fresh("seq"), seq]) {
    const { json } = await put(name, { exec: { kind: "sequence" } });
    expect(json.error).toBe("The request content was malformed:\n'components' must be defined for sequence kind");
    refused(await put(name, sequenceOf([])), "No component specified for the sequence.");
  }
});

line("2.72 2.75", "up to fifty actions, those of inner sequences counted each time they come", async () => {
  const name = await action();
  const ten = await sequence(times(10, name));
  for (const components of [times(50, name), times(5, ten)]) {
    await sequence(components);
    const seq = fresh("seq");
    refused(await put(seq, sequenceOf([...components, name])), TOO_LONG);
    expect((await ask("GET", `actions/${seq}`)).status).toBe(404);
  }
});

line("2.73", "a sequence may not lead to itself, directly, through others or through a binding", async () => {
  const circle = "Sequence may not refer to itself.";
  const name = await action();
  const fresh1 = fresh("seq");
  refused(await put(fresh1, sequenceOf([name, fresh1])), circle);
  const inner = await sequence([name]);
  const outer = await sequence([name, inner]);
  refused(await put(inner, sequenceOf([outer])), circle);
  refused(await put(inner, sequenceOf([inner])), circle);
  refused(await put(name, sequenceOf([outer])), circle);
  const [pack, bound] = [fresh("pkg"), fresh("pkg")];
  await make(`packages/${pack}`, {});
  await make(`packages/${bound}`, { binding: { namespace: namespace(1), name: pack } });
  await make(`actions/${pack}/seq`, sequenceOf([name]));
  refused(await put(`${pack}/seq`, sequenceOf([name, `${bound}/seq`])), circle);
  expect((await put(inner, sequenceOf([name, name]))).status).toBe(200);
});

line("2.74", "an unknown component is refused", async () => {
  const gone = "Sequence component does not exist.";
  refused(await put(fresh("seq"), sequenceOf([await action(), fresh("nobody")])), gone);
  const pack = fresh("pkg");
  await make(`packages/${pack}`, {});
  refused(await put(fresh("seq"), sequenceOf([`${pack}/nobody`])), gone);
  refused(await put(fresh("seq"), sequenceOf([pack])), gone);
  expect((await put(fresh("seq"), sequenceOf([`${fresh("nopkg")}/a`]))).status).toBe(404);
});

line("2.74 1.49", "components must be the caller's to read at first, and to call each time", async () => {
  const [closed, open] = [fresh("pkg"), fresh("pkg")];
  await make(`packages/${closed}`, {});
  await make(`packages/${open}`, { publish: true });
  const plain = await action();
  for (const pack of [closed, open]) await make(`actions/${pack}/a`, code(COUNT));
  const theirs = (name: string) => ({ exec: { kind: "sequence", components: [`/${namespace(1)}/${name}`] } });
  const seq = fresh("seq");
  const other = (method: string, query: string, body?: object) =>
    ask(method, `actions/${seq}${query}`, { key: key(2), body });
  for (const name of [plain, fresh("nobody"), `${closed}/a`, `${fresh("nopkg")}/a`]) {
    expect([name, (await other("PUT", "", theirs(name))).status]).toEqual([name, 403]);
  }
  expect((await other("PUT", "", theirs(`${open}/a`))).status).toBe(200);
  expect((await other("POST", "?blocking=true&result=true", {})).json).toEqual({ n: 1 });
  await make(`packages/${open}`, { publish: false });
  expect((await other("POST", "?blocking=true", {})).status).toBe(403);
  await other("DELETE", "");
});

line("2.63", "what becomes a sequence loses its parameters, and gets none back", async () => {
  const name = await action(COUNT, { parameters: [pair("a", 1)] });
  const other = await action();
  const full = `/${namespace(1)}/${other}`;
  expect((await put(name, sequenceOf([other]))).json.parameters).toEqual([{ key: "_actions", value: [full] }]);
  const back = await put(name, code(ECHO));
  expect(back.json).toMatchObject({ parameters: [], exec: { code: ECHO } });
  expect(annotation(back.json, "exec")).toMatch(/^nodejs:/);
  await put(name, sequenceOf([other]));
  expect((await put(name, code(ECHO, { parameters: [pair("b", 2)] }))).json.parameters).toEqual([pair("b", 2)]);
});
