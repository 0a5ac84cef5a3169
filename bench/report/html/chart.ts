// A chart of a report: what it shows in a sentence, as panels and as a table. Panels are Vega-Lite, compiled to SVG when the
// report is written, so that whoever opens it needs no library.
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { COLOURS, NEUTRAL, SHAPES } from '../palette.ts';
import type { TextureName } from './textures.ts';

export interface Chart {
  readonly title: string;
  /** What is to be seen. */
  readonly sentence: string;
  /** How to read its marks. */
  readonly reading: string;
  readonly legend: readonly LegendEntry[];
  readonly groups: readonly PanelGroup[];
  /** Panels that can't be read when they are shrunk to a phone's width. */
  readonly isScrolled?: true;
  readonly table: ChartTable;
}

export interface LegendEntry {
  readonly label: string;
  readonly colour: (typeof COLOURS)[number] | typeof NEUTRAL;
  readonly shape: (typeof SHAPES)[number] | 'triangle-left' | 'triangle-right' | 'stroke';
  /** What fills the mark in place of its colour. */
  readonly texture?: TextureName;
}

export interface PanelGroup {
  /** Empty where there is but one. */
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  readonly spec: TopLevelSpec;
}

export interface ChartTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Characters of a label beside a panel. */
const MAX_LABEL = 40;
/** Width of a character at 11 px, on average. */
const CHARACTER = 5.9;
/** Room between an axis and its labels. */
const AXIS_GAP = 10;

export function shortened(label: string, most = MAX_LABEL): string {
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}

export function widthOf(label: string): number {
  return label.length * CHARACTER;
}

/** Left padding that the labels need. */
export function roomFor(labels: readonly string[]): number {
  return AXIS_GAP + Math.ceil(Math.max(0, ...labels.map((label) => widthOf(shortened(label)))));
}

/**
 * Keys of a nominal axis: different even where labels are the same. A tab can't be part of a label, which has only
 * visible characters.
 */
export function keyOf(label: string, i: number): string {
  return `${shortened(label)}\t${i}`;
}

/** Shows a key's label. Vega guesses how wide text is, and guesses high, so its own limit is off. */
export const KEY_AXIS = { title: null, labelExpr: "split(datum.label, '\\t')[0]", labelLimit: 0 } as const;

/** Digits of the ticks of an axis whose ends are more than so many times apart. */
const TICKS = [
  [1000, [1]],
  [40, [1, 3]],
  [5, [1, 2, 5]],
  [0, [1, 1.25, 1.5, 2, 3, 4, 6, 8]],
] as const;

/** Round figures, the closer the shorter the axis: by itself a logarithmic one has none on short ones. */
export function ticksBetween(low: number, high: number): number[] {
  const [, digits] = TICKS.find(([reach]) => high / low > reach) ?? [0, []];
  const powers = Array.from({ length: 40 }, (_, i) => i - 20);
  const steps = powers.flatMap((power) => digits.map((digit) => Number((digit * 10 ** power).toPrecision(3))));
  return steps.filter((step) => step >= low && step <= high);
}

/** Labels of an axis of bytes. */
export const BYTE_LABELS =
  "datum.value >= 1048576 ? format(datum.value / 1048576, '~g') + ' MiB' : datum.value >= 1024 ? format(datum.value / 1024, '~g') + ' KiB' : datum.value + ' B'";

const CONFIG = {
  aria: false,
  view: { stroke: null },
  axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal', titlePadding: 6, domain: false },
  text: { fontSize: 11 },
} as const;

/** Vega says of every group of marks what it is; the drawing is named as a whole instead. */
const ROLES = / (?:role|aria-\w+)="[^"]*"/g;

/** As an SVG element with a transparent ground. */
export async function drawPanel({ spec }: Panel): Promise<string> {
  const full = { background: 'transparent', autosize: { type: 'none' }, config: CONFIG, ...spec } as TopLevelSpec;
  const svg = await new View(parse(compile(full).spec), { renderer: 'none' }).toSVG();
  return svg.replace(/<[a-z]+ [^>]*>/g, (tag) => tag.replace(ROLES, ''));
}
