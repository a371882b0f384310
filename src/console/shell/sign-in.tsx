// The way in: with a namespace's key, or as operator. Also what covers the rest when a session has ended, so that
// nothing typed is lost.

import { useState } from "preact/hooks";
import type { StatusAnswer } from "../../entities/administration.ts";
import { type AskFault, tryOut } from "../parts/api.ts";
import { FaultPanel } from "../parts/panels.tsx";
import { endedBecause, type SignedIn, signIn, signOut } from "../parts/session.ts";

const KEY = /^[\x21-\x39\x3b-\x7e]+:[\x21-\x7e]+$/;
const TOKEN = /^[\x21-\x7e]+$/;

export function SignIn() {
  const [as, setAs] = useState<SignedIn["kind"]>("key");
  const [text, setText] = useState("");
  const [fault, setFault] = useState<AskFault | null>(null);
  const [busy, setBusy] = useState(false);
  const ended = endedBecause.value;

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const answer = await (as === "key" ? withKey(text.trim()) : withToken(text.trim()));
    setBusy(false);
    if (answer !== null) setFault(answer);
  };
  const choose = (kind: SignedIn["kind"]) => {
    setAs(kind);
    setFault(null);
    setText("");
  };

  return (
    <div class="sign-in">
      <form onSubmit={submit} autocomplete="off">
        <p class="brand">edgewhisk</p>
        <h1>Sign in</h1>
        {ended !== null && (
          <p class="panel warn" role="status">
            {ended}
          </p>
        )}
        <fieldset class="choice">
          <legend class="away">As whom</legend>
          <label>
            <input type="radio" name="as" checked={as === "key"} onChange={() => choose("key")} /> With a namespace key
          </label>
          <label>
            <input type="radio" name="as" checked={as === "operator"} onChange={() => choose("operator")} /> As operator
          </label>
        </fieldset>
        <label class="field">
          <span>{as === "key" ? "Key" : "Administrator's token"}</span>
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={text}
            placeholder={as === "key" ? "uuid:key" : ""}
            aria-describedby="sign-in-help"
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <p id="sign-in-help" class="muted">
          {as === "key"
            ? "npm start prints it; otherwise whoever runs the platform gives you one (wskadmin user get). It stays in this tab, and is gone when you close it."
            : "ADMIN_TOKEN, or the token of a named administrator. It stays in memory: a reload signs you out, and so do 10 minutes in which nothing is done, and 30 minutes in all."}
        </p>
        <FaultPanel fault={fault} />
        <button type="submit" class="main" disabled={busy || text.trim() === ""}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
        {ended !== null && (
          <button type="button" class="quiet" onClick={signOut}>
            Leave, and drop what was typed
          </button>
        )}
      </form>
    </div>
  );
}

/** Null: signed in. */
async function withKey(key: string): Promise<AskFault | null> {
  if (!KEY.test(key)) {
    return {
      status: 0,
      text: "This is not a key.",
      help: "A key is a uuid, a colon, and 64 letters and digits, without spaces.",
    };
  }
  const as = { kind: "key", key, namespace: "" } as const;
  const answer = await tryOut<string[]>("/api/v1/namespaces", as);
  if (!answer.ok) return refused(answer.fault, "This key opens nothing here.");
  signIn({ ...as, namespace: answer.value[0] ?? "" });
  return null;
}

async function withToken(token: string): Promise<AskFault | null> {
  if (!TOKEN.test(token)) return { status: 0, text: "This is not a token.", help: "A token has no spaces." };
  const as = { kind: "operator", token, name: null, role: "admin", rights: ["look", "operate"] } as const;
  const answer = await tryOut<StatusAnswer>("/admin/v1/status", as);
  if (!answer.ok) return refused(answer.fault, "This token opens nothing here.");
  signIn({ ...as, ...answer.value.administrator });
  return null;
}

function refused(fault: AskFault, text: string): AskFault {
  if (fault.status !== 401) return fault;
  return { ...fault, text, help: "Look whether it was copied whole, is for this platform, and was not replaced." };
}
