// A chart over time, drawn by uPlot: read when one is shown first.

import uPlot from "uplot";

export interface ChartData {
  /** Epoch s, and for each series as many values; null: nothing to tell. */
  times: readonly number[];
  values: readonly (readonly (number | null)[])[];
}

export interface ChartLook {
  /** Names of custom properties, e.g. "--accent". */
  colours: readonly string[];
  /** As the axis says a value. */
  said: (value: number) => string;
}

export interface Chart {
  show(data: ChartData, width: number): void;
  close(): void;
}

const HEIGHT = 170;

export function openChart(parent: HTMLElement, look: ChartLook, data: ChartData): Chart {
  const style = getComputedStyle(document.documentElement);
  const colourOf = (name: string) => resolved(style.getPropertyValue(name));
  const axis = {
    stroke: colourOf("--muted"),
    grid: { stroke: colourOf("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const chart = new uPlot(
    {
      width: Math.max(200, parent.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(max ?? 0, 1e-9) * 1.1] } },
      axes: [axis, { ...axis, size: 62, values: (_, values) => values.map(look.said) }],
      series: [
        {},
        ...look.colours.map((name) => ({
          ...{ stroke: colourOf(name), width: 1.75, spanGaps: false },
          points: { show: true, size: 5, filter: (drawn: uPlot, at: number) => aloneIn(drawn.data[at] ?? []) },
        })),
      ],
    },
    plotted(data),
    parent,
  );
  return {
    show(shown, width) {
      chart.setSize({ width: Math.max(200, width), height: HEIGHT });
      chart.setData(plotted(shown));
    },
    close: () => chart.destroy(),
  };
}

function plotted({ times, values }: ChartData): uPlot.AlignedData {
  return [[...times], ...values.map((each) => [...each])] as uPlot.AlignedData;
}

/** Where a value has none beside it, so that no line tells of it. */
function aloneIn(values: ArrayLike<number | null | undefined>): number[] {
  const isThere = (at: number) => values[at] !== null && values[at] !== undefined;
  return Array.from(values, (_, at) => at).filter((at) => isThere(at) && !isThere(at - 1) && !isThere(at + 1));
}

/** A canvas knows no light-dark(): the browser says which of the two it is. */
function resolved(colour: string): string {
  const probe = document.createElement("i");
  probe.style.color = colour;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
