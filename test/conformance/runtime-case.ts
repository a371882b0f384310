// One line of the contract: an action, what it is called with and what must come back.

export type Family = "nodejs" | "python";

/** One action: taken in, run once, and what both must answer. */
export interface Case {
  name: string;
  /** Source text, or the value of /init. */
  init: string | Record<string, unknown>;
  /** Not given: /init answers 200. */
  initAnswer?: { status: number; error: RegExp };
  args?: unknown;
  context?: Record<string, unknown>;
  env?: Record<string, string>;
  /** Not given: the case ends with /init. */
  answer?: { status: number; body: unknown };
  stdout?: RegExp;
  stderr?: RegExp;
}

/** For a place in `answer.body` whose text is only partly ours. */
export function matching(pattern: RegExp): unknown {
  return { asymmetricMatch: (value: unknown) => typeof value === "string" && pattern.test(value) };
}

/** The value of /init for a binary action. */
export const archive = (code: Buffer | string) => ({
  name: "test",
  main: "main",
  binary: true,
  code: typeof code === "string" ? code : code.toString("base64"),
});
