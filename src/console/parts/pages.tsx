// A list's pages: one after the other, since no list says how long it is.

export interface Paged {
  /** Of the first item, from 0. */
  skip: number;
  size: number;
}

/** `items` holds one more than a page where there is another page. */
export function pageOf<T>(items: readonly T[], size: number): { shown: readonly T[]; more: boolean } {
  return { shown: items.slice(0, size), more: items.length > size };
}

/** Nothing where all there is fits on one page. */
export function Pages(props: { label: string; number: number; more: boolean; go: (number: number) => void }) {
  const { label, number, more, go } = props;
  if (number === 1 && !more) return null;
  return (
    <nav class="pages" aria-label={label}>
      <button type="button" disabled={number === 1} onClick={() => go(number - 1)}>
        Back
      </button>
      <span class="muted">Page {number}</span>
      <button type="button" disabled={!more} onClick={() => go(number + 1)}>
        Next
      </button>
    </nav>
  );
}
