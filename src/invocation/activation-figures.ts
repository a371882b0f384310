// The figures of a namespace: those of all its stores together.

import {
  addFigures,
  type Figures,
  type FiguresKey,
  noFigures,
  STEPS,
  type ToldFigures,
  told,
} from "../entities/figures.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { FiguresPage, FiguresQuery } from "../protocol/figures.ts";
import type { ActivationStoreRpc } from "../protocol/rpc.ts";

/** Stores asked at a time: each may answer a megabyte. */
const AT_ONCE = 8;

export interface NamespaceFigures extends FiguresQuery {
  total: ToldFigures;
  /** Most activations first. */
  names: (FiguresKey & ToldFigures)[];
  /** Oldest first; only spans of which there is something to tell. */
  series: ({ at: number } & ToldFigures)[];
}

/** Fails where it were too much for one answer. */
export async function figuresOfNamespace(
  stores: readonly Pick<ActivationStoreRpc, "figures">[],
  query: FiguresQuery,
): Promise<Result<NamespaceFigures>> {
  const total = noFigures();
  const names = new Map<string, { key: FiguresKey; figures: Figures }>();
  const series = new Map<number, Figures>();
  for (let from = 0; from < stores.length; from += AT_ONCE) {
    const pages = await Promise.all(stores.slice(from, from + AT_ONCE).map((store) => store.figures(query)));
    for (const page of pages) {
      if (page === null) return tooMuch(query);
      addPage(page, { total, names, series });
    }
  }
  const { ms } = STEPS[query.step];
  return ok({
    ...query,
    since: Math.floor(query.since / ms) * ms,
    total: told(total),
    names: [...names.values()]
      .sort((one, other) => other.figures.count - one.figures.count)
      .map(({ key, figures }) => ({ ...key, ...told(figures) })),
    series: [...series].sort(([one], [other]) => one - other).map(([at, figures]) => ({ at, ...told(figures) })),
  });
}

function addPage(
  page: FiguresPage,
  to: { total: Figures; names: Map<string, { key: FiguresKey; figures: Figures }>; series: Map<number, Figures> },
): void {
  for (const { key, figures } of page.names) {
    const label = `${key.type} ${key.name}`;
    const sum = to.names.get(label) ?? { key, figures: noFigures() };
    addFigures(sum.figures, figures);
    to.names.set(label, sum);
    addFigures(to.total, figures);
  }
  for (const { at, figures } of page.series) {
    const sum = to.series.get(at) ?? noFigures();
    addFigures(sum, figures);
    to.series.set(at, sum);
  }
}

function tooMuch({ step }: FiguresQuery): Result<never> {
  return fail(
    "bad-request",
    `There are too many figures by the ${step} in this time for one answer: ask for a shorter time, a longer step or one name.`,
  );
}
