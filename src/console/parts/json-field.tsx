// A field for a JSON object, and how what stands in it is read.

export type ReadObject = { ok: true; text: string } | { ok: false; text: string; help: string };

/** Empty text is an empty object. Sent as it was written, so that no digit is lost. */
export function readObject(text: string): ReadObject {
  if (text.trim() === "") return { ok: true, text: "{}" };
  const help = 'Write an object, such as {"name": "Ada"}, or nothing.';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ok: true, text };
    return { ok: false, text: "This is JSON, but no object.", help };
  } catch (error) {
    return { ok: false, text: `This is no JSON: ${error instanceof Error ? error.message : String(error)}`, help };
  }
}

export function JsonField(props: { label: string; value: string; rows?: number; onText: (text: string) => void }) {
  const { label, value, rows = 4, onText } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <textarea
        rows={rows}
        spellcheck={false}
        placeholder="{}"
        value={value}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </label>
  );
}
