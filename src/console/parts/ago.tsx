// How long ago something was, by the server's clock; the exact time stands in its title.

import { signal } from "@preact/signals";
import { serverNow } from "./clock.ts";
import { agoOf, whenOf } from "./format.ts";

const EVERY_MS = 5_000;
const tick = signal(0);
setInterval(() => {
  if (!document.hidden) tick.value++;
}, EVERY_MS);

/** `at`: epoch ms. */
export function Ago({ at }: { at: number }) {
  void tick.value;
  return (
    <time dateTime={new Date(at).toISOString()} title={whenOf(at)}>
      {agoOf(at, serverNow())}
    </time>
  );
}
