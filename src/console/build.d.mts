/** The console as a module of the Worker; `path`: where it lies, null where nothing can be written. */
export function consoleModule(): Promise<{ path: string | null; text: string }>;
