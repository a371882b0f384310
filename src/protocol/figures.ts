// What an activation store is asked for figures, and what it answers.

import type { Figures, FiguresKey, Step } from "../entities/figures.ts";

export interface FiguresQuery {
  step: Step;
  /** Epoch ms, inclusive: every span that holds a moment of this time. */
  since: number;
  upto: number;
  /** `name` or `package/name`. */
  name?: string;
}

/** Of one store. */
export interface FiguresPage {
  /** Over the whole time, by whom. */
  names: { key: FiguresKey; figures: Figures }[];
  /** Of all together, by the span's beginning (epoch ms), oldest first; those of which there is something to tell. */
  series: { at: number; figures: Figures }[];
}
