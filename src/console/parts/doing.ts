// Something that is done at a click: busy while it is, and what went wrong.

import { useRef, useState } from "preact/hooks";
import type { Asked, AskFault } from "./api.ts";

export interface Doing {
  busy: boolean;
  fault: AskFault | null;
  /** What the answer was; undefined where it failed, or something else is under way. */
  run<T>(work: () => Promise<Asked<T>>): Promise<Asked<T> | undefined>;
  /** What is wrong with what was typed, before anything is asked. */
  refuse(text: string, help: string): void;
  clear(): void;
}

export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<AskFault | null>(null);
  const underWay = useRef(false);
  return {
    busy,
    fault,
    async run(work) {
      if (underWay.current) return undefined;
      underWay.current = true;
      setBusy(true);
      setFault(null);
      try {
        const answer = await work();
        if (!answer.ok) setFault(answer.fault);
        return answer;
      } finally {
        underWay.current = false;
        setBusy(false);
      }
    },
    refuse: (text, help) => setFault({ status: 0, text, help }),
    clear: () => setFault(null),
  };
}
