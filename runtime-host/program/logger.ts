// Structured lines on stderr: one JSON object per event. Values are given by name, so that nothing is logged by
// accident; callers never pass tokens, keys, arguments or results. What looks like one all the same is not written.

import { type LineFields, type PlatformLogLevel, platformLine, reaches } from "../../src/entities/log-level.ts";

export type LogLevel = PlatformLogLevel;
/** A field cannot have the name of what each line has anyway. */
export type Fields = LineFields;

export interface Logger {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** The same with fields added to each line. */
  with(fields: Fields): Logger;
}

/** `secrets`: values that stand in no line. */
export function createLogger(options: {
  level: LogLevel;
  write?: (line: string) => void;
  fields?: Fields;
  secrets?: readonly string[];
}): Logger {
  const write = options.write ?? ((line: string) => process.stderr.write(line));
  const { level: least, fields: base = {}, secrets = [] } = options;
  const at = (level: LogLevel) => {
    if (!reaches(level, least)) return () => {};
    return (event: string, fields?: Fields) =>
      void write(`${platformLine({ level, event, at: Date.now() }, { ...base, ...fields }, secrets)}\n`);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLogger({ ...options, write, fields: { ...base, ...fields } }),
  };
}

/** The message of whatever was thrown, without its stack. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
