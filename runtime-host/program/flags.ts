// What Node's parseArgs needs before and after: values that begin with a minus, and its complaints as one sentence.

/** `--memory -5` is a value to whoever wrote it, and to parseArgs perhaps an option: given as `--memory=-5` it is a value. */
export function joined(
  argv: readonly string[],
  options: Readonly<Record<string, { type: "string" | "boolean" }>>,
): string[] {
  const args: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const arg = argv[at] ?? "";
    const next = argv[at + 1];
    const takesValue = arg.startsWith("--") && options[arg.slice(2)]?.type === "string";
    if (takesValue && next !== undefined && /^-\d/.test(next)) {
      args.push(`${arg}=${next}`);
      at++;
    } else args.push(arg);
  }
  return args;
}

/** The first sentence of what parseArgs has thrown, without its full stop. */
export function complaintOf(error: unknown): string {
  const [sentence = ""] = (error as Error).message.split(/\.?(?:\n| (?=[A-Z]))/);
  return sentence.replace(/\.$/, "");
}
