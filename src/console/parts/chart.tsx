// The place of a chart: what it shows is also said in words.

import { useEffect, useRef } from "preact/hooks";
import type { Chart, ChartData } from "./uplot-chart.ts";

export interface ChartProps {
  title: string;
  /** What the lines say, in a sentence. */
  summary: string;
  data: ChartData;
  lines: readonly { name: string; colour: string }[];
  said: (value: number) => string;
}

export function ChartPanel(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    let gone = false;
    const draw = () => {
      if (place.current !== null) chart.current?.show(latest.current.data, place.current.clientWidth);
    };
    void import("./uplot-chart.ts").then(({ openChart }) => {
      if (gone || place.current === null) return;
      const { data, lines, said } = latest.current;
      chart.current = openChart(place.current, { colours: lines.map((each) => each.colour), said }, data);
    });
    addEventListener("resize", draw);
    return () => {
      gone = true;
      removeEventListener("resize", draw);
      chart.current?.close();
      chart.current = null;
    };
  }, []);
  const { title, summary, data, lines } = props;
  useEffect(() => {
    if (place.current !== null) chart.current?.show(data, place.current.clientWidth);
  }, [data]);
  return (
    <figure class="panel chart">
      <figcaption>
        <h2>{title}</h2>
        {lines.map((line) => (
          <span key={line.name} class={`key ${line.colour.slice(2)}`}>
            {line.name}
          </span>
        ))}
      </figcaption>
      <div ref={place} role="img" aria-label={`${title}: ${summary}`} />
    </figure>
  );
}
