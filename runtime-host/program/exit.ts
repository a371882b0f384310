// The end of a process that our launcher has started.

/** Ends this process with this code. The launcher is told it first: where V8 compiles in the background and asks for
 * room while the main thread waits for it to end, neither goes on,
 * and the launcher ends the process with the code it was told. */
export function exitWith(code: number): void {
  if (process.send === undefined || !process.connected) process.exit(code);
  process.send({ exit: code }, () => process.exit(code));
}
