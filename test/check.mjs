// `npm run check`: types and lint beside the tests, since none of them alone keeps all processors busy all the time.
// Plain JavaScript, as test/run.mjs. What types and lint say comes in one piece each.

import { spawn } from "node:child_process";

const [looked, tested] = await Promise.all([
  sources(),
  run("check:unit", { stdio: "inherit" }).then(({ code }) => code === 0),
]);
process.exit(looked && tested ? 0 : 1);

async function sources() {
  let well = true;
  for (const script of ["check:types", "check:lint"]) {
    const { code, printed } = await run(script, { stdio: ["ignore", "pipe", "pipe"] });
    process.stdout.write(printed);
    console.log(`${code === 0 ? "ok" : "FAILED"}: ${script}`);
    well &&= code === 0;
  }
  return well;
}

/** `printed`: what it wrote, if that was not handed on at once. */
function run(script, { stdio }) {
  return new Promise((done) => {
    const child = spawn("npm", ["run", "--silent", script], { stdio });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => done({ code: 1, printed: `npm: ${error.message}\n` }));
    child.on("close", (code) => done({ code: code ?? 1, printed: Buffer.concat(chunks) }));
  });
}
