// The text of a JSON array of strings, read in pieces of any size: logs of megabytes are never held whole.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class StringListReader {
  /** What has been read of a string that is not whole yet, from its opening quote on. */
  #open: string[] = [];
  #inString = false;
  #escaped = false;

  /** The strings that have become whole. */
  push(text: string): string[] {
    const whole: string[] = [];
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (!this.#inString) {
        if (code === QUOTE) {
          this.#inString = true;
          from = at;
        }
        continue;
      }
      if (this.#escaped) this.#escaped = false;
      else if (code === BACKSLASH) this.#escaped = true;
      else if (code === QUOTE) {
        whole.push(JSON.parse([...this.#open, text.slice(from, at + 1)].join("")) as string);
        this.#open = [];
        this.#inString = false;
      }
    }
    if (this.#inString) this.#open.push(text.slice(from));
    return whole;
  }
}
