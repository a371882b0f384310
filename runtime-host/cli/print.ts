// Standard output of a command that ends by itself; a program of its own goes on when its terminal has gone.

export function print(text: string): void {
  // Whoever reads us may have left, as `head` does: then nobody wants the rest.
  if (process.stdout.listenerCount("error") === 0) {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  }
  process.stdout.write(text);
}
