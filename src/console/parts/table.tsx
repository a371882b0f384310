// Tables: what stands in a column is said once, with its head.

import type { ComponentChildren } from "preact";

/** `look`: "number" stands to the right, "wide" is left out where there is no room,
 * "away" is told to those who cannot see alone. */
export type TableColumn = string | { text: string; look: string };

export interface ColumnOf<T> {
  text: string;
  /** As above, of its head and its cells; "tight" keeps a cell in one line, "roomy" and "anywhere" let it break. */
  look?: string;
  cell: (row: T) => ComponentChildren;
}

/** Rows that are alike. */
export function TableOf<T>(props: {
  label: string;
  rows: readonly T[];
  keyOf: (row: T, at: number) => string;
  columns: readonly ColumnOf<T>[];
}) {
  const { label, rows, keyOf, columns } = props;
  return (
    <Table label={label} columns={columns.map(({ text, look }) => (look === undefined ? text : { text, look }))}>
      {rows.map((row, at) => (
        <tr key={keyOf(row, at)}>
          {columns.map(({ text, look, cell }) => (
            <td key={text} class={look === undefined ? undefined : shownLook(look)}>
              {cell(row)}
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}

/** A table that may be wider than the page. `children`: its rows, each of its own shape. */
export function Table({
  label,
  columns,
  children,
}: {
  label: string;
  columns: readonly TableColumn[];
  children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="table" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={typeof column === "string" ? column : column.text} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

function Heading({ column }: { column: TableColumn }) {
  if (typeof column === "string") return <th scope="col">{column}</th>;
  const { text, look } = column;
  return (
    <th scope="col" class={shownLook(look)}>
      {look.split(" ").includes("away") ? <span class="away">{text}</span> : text}
    </th>
  );
}

function shownLook(look: string): string {
  return look
    .split(" ")
    .filter((each) => each !== "away")
    .join(" ");
}
