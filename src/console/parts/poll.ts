// What a view shows, read anew every few seconds while somebody can see it, and when the platform has come back.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Asked, AskFault } from "./api.ts";
import { comeBacks } from "./reach.ts";
import { session } from "./session.ts";

/** ms between two looks at what changes by itself. */
export const LIVE_MS = 3_000;

export interface Polled<T> {
  /** What came last; kept while a later question fails. */
  value: T | undefined;
  fault: AskFault | null;
  /** Asked, and not answered yet. */
  loading: boolean;
  reload(): void;
}

/** `key`: what is asked for; with another one the answer to the old one is forgotten. `every`: ms; absent: once. */
export function usePolled<T>(
  load: (signal: AbortSignal) => Promise<Asked<T>>,
  { key, every }: { key: string; every?: number },
): Polled<T> {
  const [state, setState] = useState<{ key: string; value: T | undefined; fault: AskFault | null }>({
    ...{ key, value: undefined, fault: null },
  });
  const [loading, setLoading] = useState(true);
  const [wanted, setWanted] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const back = comeBacks.value;
  const who = session.value;
  // `wanted`, `back` and `who` only say that it is to be asked again.
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const visible = () => {
      if (!document.hidden && timer === undefined && !busy && every !== undefined) void round();
    };
    let busy = false;
    const round = async () => {
      busy = true;
      setLoading(true);
      const answer = await latest.current(stop.signal).catch(unread);
      busy = false;
      if (stop.signal.aborted) return;
      setLoading(false);
      setState((before) =>
        answer.ok
          ? { key, value: answer.value, fault: null }
          : { key, value: before.key === key ? before.value : undefined, fault: answer.fault },
      );
      if (every === undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        if (!document.hidden) void round();
      }, every);
    };
    if (who !== null) void round();
    document.addEventListener("visibilitychange", visible);
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", visible);
    };
  }, [key, every, wanted, back, who]);
  const reload = useCallback(() => setWanted((before) => before + 1), []);
  const isNow = state.key === key;
  return { value: isNow ? state.value : undefined, fault: isNow ? state.fault : null, loading, reload };
}

/** An answer that is not what was asked for, as from what stands between: it is said, and asked again. */
function unread(error: unknown): { ok: false; fault: AskFault } {
  const text = `The answer could not be read: ${error instanceof Error ? error.message : String(error)}`;
  return { ok: false, fault: { status: 0, text, help: "It is asked again by itself." } };
}
