// All series of a deployment, as batches add up to them. Bounded: only so many actions are told apart, and what nobody
// has counted for a day is dropped. It does no I/O: whoever keeps it asks what has changed.

import type {
  HostCount,
  MetricChange,
  MetricsBatch,
  Observed,
  SchedulerGauges,
  StoreGauges,
} from "../protocol/metrics.ts";
import { exposition, type Series, seriesText } from "./exposition.ts";
import { ACTION_LABELS, FAMILIES, FAMILY_BY_NAME, isOfAction } from "./families.ts";
import { httpFamilies } from "./http-families.ts";
import { collapsed, keyOf, nothing, OTHER } from "./meter.ts";
import type { MetricFamily } from "./metric-family.ts";
import { stateFamilies } from "./state-families.ts";

/** Actions (with who calls them) that are told apart; what is beyond counts as "other". */
export const MAX_ACTIONS = 1_000;
/** The same of namespaces, where they are told by themselves. */
const MAX_NAMESPACES = 1_000;
/** Values of the labels an action's series have besides: versions of its kind and memory, status codes. */
const MAX_MORE = 24;
/** ms after which what was not counted any more is dropped. */
const IDLE_FOR = 24 * 3_600_000;
/** ms after which a store or a scheduler that has said nothing more is told no more:
 * one that has something to do says so often. */
const SILENT_FOR = 3_600_000;
/** Who counts, remembered so that a batch that comes twice is counted once. */
const MAX_SOURCES = 2_000;
const MAX_LABEL = 512;

/** Series that stand and fall together: those of an action, of a namespace, or ("") of the platform. */
export interface SeriesGroup {
  touched: number;
  changes: MetricChange[];
}

export interface KeptSeries {
  groups: Map<string, SeriesGroup>;
  sources: Map<string, { number: number; at: number }>;
  stores: Map<string, StoreGauges & { at: number }>;
  schedulers: Map<string, SchedulerGauges & { at: number }>;
}

/** By their keys, what a batch has changed or removed. */
export interface Touched {
  groups: Set<string>;
  sources: Set<string>;
  stores: Set<string>;
  schedulers: Set<string>;
}

const ACTION = "action";
const NAMESPACE = "namespace";
const PLATFORM = "";

export class SeriesBook {
  readonly #kept: KeptSeries;
  /** Of each group, its series by name. */
  readonly #series = new Map<string, Map<string, MetricChange>>();
  /** Of each series its text, until its value changes: of a thousand actions few have changed between two scrapes. */
  readonly #texts = { plain: new WeakMap<Series, string>(), open: new WeakMap<Series, string>() };
  #actions = 0;
  #namespaces = 0;

  /** `kept`: what was kept; it is changed in place. */
  constructor(kept: KeptSeries) {
    this.#kept = kept;
    for (const [key, group] of kept.groups) {
      // What an earlier version has kept of a family whose labels are others now.
      group.changes = group.changes.filter(
        ({ family, labels }) => FAMILY_BY_NAME.get(family)?.labels.length === labels.length,
      );
      this.#counted(key, 1);
    }
  }

  /** Null: it was counted before. */
  apply(batch: MetricsBatch, now: number): Touched | null {
    const { sources, stores, schedulers } = this.#kept;
    const touched: Touched = { groups: new Set(), sources: new Set(), stores: new Set(), schedulers: new Set() };
    if ((sources.get(batch.source)?.number ?? 0) >= batch.number) return null;
    // The newest stands last.
    sources.delete(batch.source);
    sources.set(batch.source, { number: batch.number, at: now });
    touched.sources.add(batch.source);
    for (const change of batch.changes) this.#add(change, now, touched);
    for (const { namespace, action } of batch.gone ?? []) this.#forget({ namespace, action }, touched);
    if (batch.store !== undefined) {
      const { name, ...gauges } = batch.store;
      const { waiting, running, fires, unshelvedSince } = gauges;
      if (waiting + running + fires === 0 && unshelvedSince === null) stores.delete(name);
      else stores.set(name, { ...gauges, at: now });
      touched.stores.add(name);
    }
    if (batch.scheduler !== undefined) {
      const { name, ...gauges } = batch.scheduler;
      schedulers.set(name, { ...gauges, at: now });
      touched.schedulers.add(name);
    }
    this.#sweep(now, touched);
    return touched;
  }

  expose({ openMetrics, hosts }: { openMetrics: boolean; hosts: readonly HostCount[] }, now: number): string {
    const { groups, stores, schedulers } = this.#kept;
    const byFamily = new Map<string, Series[]>();
    for (const { changes } of groups.values()) {
      for (const change of changes) {
        const list = byFamily.get(change.family);
        if (list === undefined) byFamily.set(change.family, [change]);
        else list.push(change);
      }
    }
    const counted = FAMILIES.map((family) => ({ family, series: byFamily.get(family.name) ?? none(family) }));
    const told = { actions: this.#actions, maxActions: MAX_ACTIONS };
    const state = stateFamilies({ stores: stores.values(), schedulers: schedulers.values(), hosts, told, now });
    const texts = this.#texts[openMetrics ? "open" : "plain"];
    const textOf = (family: MetricFamily, series: Series): string => {
      let text = texts.get(series);
      if (text === undefined) {
        text = seriesText(family, series, openMetrics);
        texts.set(series, text);
      }
      return text;
    };
    return exposition([...counted, ...httpFamilies(byFamily), ...state], { openMetrics, textOf });
  }

  #add(change: MetricChange, now: number, touched: Touched): void {
    const family = FAMILY_BY_NAME.get(change.family);
    // Of a newer version of whoever counts.
    if (family === undefined || change.labels.length !== family.labels.length) return;
    const labels = change.labels.map((label) => label.toWellFormed().slice(0, MAX_LABEL));
    const at = this.#placeOf(family, labels);
    const group = this.#kept.groups.get(at.key) ?? { touched: now, changes: [] };
    if (!this.#kept.groups.has(at.key)) {
      this.#kept.groups.set(at.key, group);
      this.#counted(at.key, 1);
    }
    group.touched = now;
    touched.groups.add(at.key);
    const name = keyOf(family.name, at.labels);
    const series = this.#seriesOf(at.key, group);
    let known = series.get(name);
    if (known === undefined) {
      const ofFamily = group.changes.filter((each) => each.family === family.name);
      const [oldest] = ofFamily;
      if (oldest !== undefined && ofFamily.length >= MAX_MORE && at.key !== PLATFORM) {
        group.changes.splice(group.changes.indexOf(oldest), 1);
        series.delete(keyOf(oldest.family, oldest.labels));
      }
      known = { family: family.name, labels: at.labels, value: nothing(family) };
      group.changes.push(known);
      series.set(name, known);
    }
    this.#texts.plain.delete(known);
    this.#texts.open.delete(known);
    known.value = family.type === "gauge" ? change.value : sum(known.value, change.value);
  }

  #seriesOf(key: string, { changes }: SeriesGroup): Map<string, MetricChange> {
    let series = this.#series.get(key);
    if (series === undefined) {
      series = new Map(changes.map((each) => [keyOf(each.family, each.labels), each]));
      this.#series.set(key, series);
    }
    return series;
  }

  #placeOf(family: MetricFamily, labels: string[]): { key: string; labels: string[] } {
    const { groups } = this.#kept;
    if (isOfAction(family)) {
      const key = JSON.stringify([ACTION, ...labels.slice(0, ACTION_LABELS.length)]);
      if (groups.has(key) || this.#actions < MAX_ACTIONS) return { key, labels };
      const rest = collapsed(labels);
      return { key: JSON.stringify([OTHER, ...rest.slice(0, ACTION_LABELS.length)]), labels: rest };
    }
    const [first] = family.labels;
    if (first !== "namespace" && first !== "path") return { key: PLATFORM, labels };
    // A package's series stand with its namespace's, and go with them.
    const key = JSON.stringify([NAMESPACE, labels[0]?.split("/", 1)[0]]);
    if (groups.has(key) || this.#namespaces < MAX_NAMESPACES) return { key, labels };
    return { key: JSON.stringify([OTHER, OTHER]), labels: [OTHER, ...labels.slice(1)] };
  }

  #forget({ namespace, action }: { namespace: string; action?: string | undefined }, touched: Touched): void {
    for (const key of [...this.#kept.groups.keys()]) {
      if (key === PLATFORM) continue;
      const [kind, owner, initiator, name] = JSON.parse(key) as string[];
      const isIts =
        action === undefined ? owner === namespace || initiator === namespace : owner === namespace && name === action;
      if ((kind === ACTION && isIts) || (kind === NAMESPACE && action === undefined && owner === namespace))
        this.#drop(key, touched);
    }
  }

  #drop(key: string, touched: Touched): void {
    if (this.#kept.groups.delete(key)) this.#counted(key, -1);
    this.#series.delete(key);
    touched.groups.add(key);
  }

  #sweep(now: number, touched: Touched): void {
    const { groups, sources, stores, schedulers } = this.#kept;
    const old = now - IDLE_FOR;
    for (const [key, { touched: at }] of groups) if (key !== PLATFORM && at < old) this.#drop(key, touched);
    const told = { stores, schedulers };
    for (const place of ["stores", "schedulers"] as const) {
      for (const [name, { at }] of told[place]) {
        if (at >= now - SILENT_FOR) continue;
        told[place].delete(name);
        touched[place].add(name);
      }
    }
    for (const [name, { at }] of sources) {
      if (at >= old && sources.size <= MAX_SOURCES) break;
      sources.delete(name);
      touched.sources.add(name);
    }
  }

  #counted(key: string, by: number): void {
    if (key.startsWith(`["${ACTION}"`)) this.#actions += by;
    else if (key.startsWith(`["${NAMESPACE}"`)) this.#namespaces += by;
  }
}

function sum(one: MetricChange["value"], other: MetricChange["value"]): MetricChange["value"] {
  if (typeof one === "number") return one + (other as number);
  const { buckets, sum: total } = other as Observed;
  return { buckets: one.buckets.map((count, at) => count + (buckets[at] ?? 0)), sum: one.sum + total };
}

/** A family without labels is told before anything was counted: its first value is seen as an increase. */
function none(family: MetricFamily): Series[] {
  return family.labels.length === 0 ? [{ labels: [], value: nothing(family) }] : [];
}
