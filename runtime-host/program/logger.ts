// Structured lines on stderr: one JSON object per event. Values are given by name, so that nothing is logged by
// accident; callers never pass tokens, keys, arguments or results.

export type LogLevel = "debug" | "info" | "warn" | "error";
/** A field cannot have the name of what each line has anyway. */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>> & {
  readonly [name in "time" | "level" | "event"]?: never;
};

export interface Logger {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** The same with fields added to each line. */
  with(fields: Fields): Logger;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export function createLogger(options: { level: LogLevel; write?: (line: string) => void; fields?: Fields }): Logger {
  const write = options.write ?? ((line: string) => process.stderr.write(line));
  const least = ORDER.indexOf(options.level);
  const base = options.fields ?? {};
  const at = (level: LogLevel) => {
    if (ORDER.indexOf(level) < least) return () => {};
    return (event: string, fields?: Fields) =>
      void write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...base, ...fields })}\n`);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLogger({ level: options.level, write, fields: { ...base, ...fields } }),
  };
}

/** The message of whatever was thrown, without its stack. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
