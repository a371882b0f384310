// `npm run images`: builds the images of our runtimes and prints kind, image and digest.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildImages, IMAGE_PREFIX, ImageProblem } from "../runtimes/build-images.ts";

const HELP = `usage: npm run images -- [options]

  --base local|registry   make the base image of this machine's interpreters, or take the official one
                          (default: registry, and local where no registry can be reached)
  --kinds LIST            for example nodejs:20,python:3.11
  --prefix TEXT           start of the images' names (default: ${IMAGE_PREFIX})
  --tag TAG               their tag (default: digest of their content)
  --engine-socket PATH    the container engine's socket (default: DOCKER_HOST, else the usual one)
`;

const OPTIONS = {
  base: { type: "string" },
  kinds: { type: "string" },
  prefix: { type: "string" },
  tag: { type: "string" },
  "engine-socket": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** @returns the exit code */
export async function images(argv: string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: argv, options: OPTIONS, strict: true, allowPositionals: false });
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    const base = parseBase(values.base);
    const options = {
      ...(base === undefined ? {} : { base }),
      ...(values.prefix === undefined ? {} : { prefix: values.prefix }),
      ...(values.tag === undefined ? {} : { tag: values.tag }),
      ...(values["engine-socket"] === undefined ? {} : { engineSocket: values["engine-socket"] }),
      ...(values.kinds === undefined ? {} : { kinds: values.kinds.split(",").map((kind) => kind.trim()) }),
    };
    const built = await buildImages(options, (line) => process.stderr.write(`${line}\n`));
    for (const { kind, image, id, built: isNew } of built)
      process.stdout.write(`${kind.padEnd(12)} ${image}  ${id}${isNew ? "" : "  (unchanged)"}\n`);
    return 0;
  } catch (error) {
    const expected = error instanceof ImageProblem || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
    if (expected !== true) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
}

function parseBase(text: string | undefined): "local" | "registry" | undefined {
  if (text === undefined || text === "local" || text === "registry") return text;
  throw new ImageProblem(`--base takes local or registry, not ${text}.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await images(process.argv.slice(2));
