// What a new function may begin as.

export interface Template {
  title: string;
  kind: string;
  code: string;
  /** JSON text of an input to try it with. */
  input: string;
  web?: boolean;
}

export const TEMPLATES: readonly Template[] = [
  {
    title: "Hello, in JavaScript",
    kind: "nodejs:default",
    code: `// Called with the input as one object; what it returns is the result.
function main({ name = "stranger" }) {
  console.log("greeting", name);
  return { greeting: \`Hello, \${name}!\` };
}
`,
    input: '{\n  "name": "you"\n}',
  },
  {
    title: "Something that takes a while, in JavaScript",
    kind: "nodejs:default",
    code: `// Prints while it runs: the lines can be followed live.
async function main({ steps = 5 }) {
  for (let step = 1; step <= steps; step++) {
    console.log("step", step, "of", steps);
    await new Promise((done) => setTimeout(done, 300));
  }
  return { steps };
}
`,
    input: '{\n  "steps": 5\n}',
  },
  {
    title: "Hello, in Python",
    kind: "python:default",
    code: `# Called with the input as one dictionary; what it returns is the result.
def main(args):
    name = args.get("name", "stranger")
    print("greeting", name)
    return {"greeting": f"Hello, {name}!"}
`,
    input: '{\n  "name": "you"\n}',
  },
  {
    title: "A page for the web, in JavaScript",
    kind: "nodejs:default",
    code: `// A web action: anybody may call it over HTTP.
function main({ name = "stranger" }) {
  return {
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: \`Hello, \${name}!\`,
  };
}
`,
    input: "{}",
    web: true,
  },
];
