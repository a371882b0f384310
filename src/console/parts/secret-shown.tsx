// A secret that is told once: it is shown until whoever asked for it says that he has it.

import { useState } from "preact/hooks";

export function SecretShown({ title, secret, close }: { title: string; secret: string; close: () => void }) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = () => {
    // Only where the page is a secure context there is a clipboard.
    if (navigator.clipboard === undefined) return setCopied(false);
    navigator.clipboard.writeText(secret).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <div class="panel" role="status">
      <p>
        <strong>{title} It is shown this once: keep it now.</strong>
      </p>
      <pre class="secret">{secret}</pre>
      <div class="actions">
        <button type="button" onClick={copy}>
          Copy
        </button>
        <button type="button" onClick={close}>
          I have it
        </button>
        {copied !== null && (
          <span class="muted">
            {copied ? "Copied." : "The browser did not let it be copied: mark it, and copy it."}
          </span>
        )}
      </div>
    </div>
  );
}
