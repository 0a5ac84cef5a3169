// A case's history as a line: small, without axes, for a row of the table; and large, with them. Drawn as SVG, so that the
// page's own colours, dark mode and print apply to it.
import type { ShownCase, ShownRun } from '../history-data.ts';

export interface Series {
  readonly shown: ShownCase;
  readonly runs: readonly ShownRun[];
  /** A value a run; not a number where there is none. */
  readonly speedup: Float32Array;
  readonly low: Float32Array;
  readonly high: Float32Array;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const SMALL: Frame = { width: 180, height: 34, left: 4, right: 4, top: 7, bottom: 7 };
const LARGE: Frame = { width: 760, height: 250, left: 52, right: 14, top: 20, bottom: 34 };

/** Pixels of a run and of a speed-up, on a logarithmic scale. */
interface Scale {
  x(run: number): number;
  y(speedup: number): number;
  readonly low: number;
  readonly high: number;
}

export function sparkline(series: Series): SVGSVGElement {
  const { shown } = series;
  const scale = scaleOf(series, SMALL, false);
  return drawing(SMALL, sentenceOf(series), [
    node('path', { class: 'line', d: lineOf(series.speedup, scale) }),
    ...changeMarks(series, scale, SMALL, 3),
    ...shown.told.map(({ run, text: said }) =>
      titled(node('circle', { class: 'told', cx: scale.x(run), cy: 3.5, r: 2.5 }), said),
    ),
  ]);
}

/** More of them would hide each other. */
const FEW_RUNS = 150;

export function largeChart(series: Series): SVGSVGElement {
  const { runs, speedup, shown } = series;
  const scale = scaleOf(series, LARGE, true);
  const dots = [...speedup].flatMap((value, run) =>
    Number.isNaN(value)
      ? []
      : [
          titled(
            node('circle', {
              class: 'dot',
              cx: scale.x(run),
              cy: scale.y(value),
              r: runs.length > FEW_RUNS ? 1.2 : 2.2,
            }),
            `${dateOf(runs[run])}, ${runs[run].commit}: ${figure(value)}x`,
          ),
        ],
  );
  const levels = levelSpans(series).map(({ from, to, level }) =>
    node('path', { class: 'level', d: `M${scale.x(from)} ${scale.y(level)}H${scale.x(to)}` }),
  );
  return drawing(LARGE, `${shown.technique} on ${shown.backend}: ${sentenceOf(series)}`, [
    ...axes(runs, scale),
    node('path', { class: 'band', d: bandOf(series, scale) }),
    node('path', { class: 'line', d: lineOf(speedup, scale) }),
    ...dots,
    ...levels,
    ...changeMarks(series, scale, LARGE, 5),
    ...toldMarks(series, scale),
  ]);
}

/** What a reader who does not see the line should know. */
export function sentenceOf({ shown, speedup, runs }: Series): string {
  const first = speedup.findIndex((value) => !Number.isNaN(value));
  const last = speedup.findLastIndex((value) => !Number.isNaN(value));
  if (last < 0) return 'no speed-up was measured';
  const level = shown.levels.at(-1);
  const changed =
    level === undefined
      ? 'no change of level'
      : `from ${figure(level.before)}x to ${figure(level.after)}x since ${dateOf(runs[level.run])}`;
  return `${figure(speedup[first])}x on ${dateOf(runs[first])}, ${figure(speedup[last])}x on ${dateOf(runs[last])}; ${changed}`;
}

export function dateOf({ startedAt }: ShownRun): string {
  return startedAt.slice(0, 10);
}

export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Levels as they were found; the whole line is one where there was no change. */
function levelSpans({ shown: { levels }, speedup }: Series): { from: number; to: number; level: number }[] {
  const last = speedup.findLastIndex((value) => !Number.isNaN(value));
  return levels.flatMap(({ run, before, after }, i) => {
    const end = i + 1 < levels.length ? levels[i + 1].run - 1 : last;
    const own = { from: run, to: end, level: after };
    const first = speedup.findIndex((value) => !Number.isNaN(value));
    return i === 0 ? [{ from: first, to: run - 1, level: before }, own] : [own];
  });
}

/** Intervals may span everything; the points and what is twice as far as they reach is shown. */
function scaleOf({ speedup, low, high }: Series, frame: Frame, withIntervals: boolean): Scale {
  const logs = [...speedup].filter((value) => value > 0).map(Math.log);
  const [least, most] = logs.length === 0 ? [0, 0] : [Math.min(...logs), Math.max(...logs)];
  const reach = Math.max(0.02, (most - least) * 0.5);
  const ends = withIntervals ? [...low, ...high].filter((value) => value > 0).map(Math.log) : [];
  const [from, to] = [
    Math.max(least - reach, Math.min(least, ...ends)),
    Math.min(most + reach, Math.max(most, ...ends)),
  ];
  const margin = Math.max(0.01, (to - from) * 0.06);
  const [bottom, top] = [from - margin, to + margin];
  const inner = { width: frame.width - frame.left - frame.right, height: frame.height - frame.top - frame.bottom };
  const clamp = (share: number) => Math.max(0, Math.min(1, share));
  return {
    x: (run) => round(frame.left + (inner.width * (run + 0.5)) / speedup.length),
    y: (value) => round(frame.top + inner.height * (1 - clamp((Math.log(value) - bottom) / (top - bottom)))),
    low: Math.exp(bottom),
    high: Math.exp(top),
  };
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

/** Broken where a run has no value. */
function lineOf(values: Float32Array, scale: Scale): string {
  let isOpen = false;
  let path = '';
  for (let run = 0; run < values.length; run++) {
    const isThere = values[run] > 0;
    if (isThere) path += `${isOpen ? 'L' : 'M'}${scale.x(run)} ${scale.y(values[run])}${isOpen ? '' : 'h.1'}`;
    isOpen = isThere;
  }
  return path;
}

/** A box a run, so that gaps stay gaps. */
function bandOf({ low, high, speedup }: Series, scale: Scale): string {
  const half = (scale.x(1) - scale.x(0)) / 2;
  return [...speedup.keys()]
    .filter((run) => low[run] > 0 && high[run] > 0)
    .map((run) => {
      const [left, right] = [round(scale.x(run) - half), round(scale.x(run) + half)];
      return `M${left} ${scale.y(high[run])}H${right}V${scale.y(low[run])}H${left}Z`;
    })
    .join('');
}

function changeMarks({ shown, speedup }: Series, scale: Scale, frame: Frame, size: number): SVGElement[] {
  const half = speedup.length > 1 ? (scale.x(1) - scale.x(0)) / 2 : 0;
  const [top, bottom] = [frame.top - 2, frame.height - frame.bottom + 2];
  const levels = shown.levels.flatMap(({ run, before, after, text }) => {
    const x = round(scale.x(run) - half);
    const isBetter = after > before;
    const tip = isBetter
      ? `M${x} ${top - size}l${size} ${size}h${-2 * size}z`
      : `M${x} ${bottom + size}l${size} ${-size}h${-2 * size}z`;
    const kind = isBetter ? 'better' : 'worse';
    return [
      node('path', { class: `change ${kind}`, d: `M${x} ${top}V${bottom}` }),
      titled(node('path', { class: `tip ${kind}`, d: tip }), text),
    ];
  });
  const exact = shown.exact.map(({ run, isWorse, text }) => {
    const [x, y] = [round(scale.x(run) - half), bottom + 1];
    const diamond = `M${x} ${y - size}l${size} ${size}l${-size} ${size}l${-size} ${-size}z`;
    return titled(node('path', { class: `exact ${isWorse ? 'worse' : 'better'}`, d: diamond }), text);
  });
  return [...levels, ...exact];
}

/** By their numbers in the list that stands above the chart; those of one run stand beside each other. */
function toldMarks({ shown: { told } }: Series, scale: Scale): SVGElement[] {
  return [...Map.groupBy(told.keys(), (i) => told[i].run)].flatMap(([run, own]) => {
    const x = scale.x(run);
    const label = text(own.map((i) => i + 1).join(', '), { x, y: LARGE.top - 9, 'text-anchor': 'middle' });
    const line = node('path', { class: 'told', d: `M${x} ${LARGE.top - 5}V${LARGE.height - LARGE.bottom}` });
    return [titled(line, own.map((i) => told[i].text).join('; ')), label];
  });
}

const MOST_DATES = 7;

function axes(runs: readonly ShownRun[], scale: Scale): SVGElement[] {
  const bottom = LARGE.height - LARGE.bottom;
  const ticks = ticksBetween(scale.low, scale.high).flatMap((value) => {
    const y = scale.y(value);
    return [
      node('path', { class: 'grid', d: `M${LARGE.left} ${y}H${LARGE.width - LARGE.right}` }),
      text(`${figure(value)}x`, { x: LARGE.left - 8, y: y + 4, 'text-anchor': 'end' }),
    ];
  });
  const step = Math.max(1, Math.ceil(runs.length / MOST_DATES));
  const isOneDay = dateOf(runs[0]) === dateOf(runs[runs.length - 1]);
  const when = isOneDay ? ({ startedAt }: ShownRun) => startedAt.slice(11, 16) : dateOf;
  const dates = runs.flatMap((run, i) =>
    i % step === 0 ? [text(when(run), { x: scale.x(i), y: bottom + 24, 'text-anchor': 'middle' })] : [],
  );
  return [...ticks, ...dates];
}

/** Some five, at round figures. */
function ticksBetween(low: number, high: number): number[] {
  const wanted = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * ([1, 2, 5, 10].find((digit) => digit * power >= wanted) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

type Attributes = Readonly<Record<string, string | number>>;

function drawing({ width, height }: Frame, label: string, children: readonly SVGElement[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'aria-label': label,
  }))
    svg.setAttribute(name, String(value));
  svg.append(...children);
  return svg;
}

const SVG = 'http://www.w3.org/2000/svg';

function node(tag: 'path' | 'circle' | 'text' | 'title', attributes: Attributes): SVGElement {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

function text(content: string, attributes: Attributes): SVGElement {
  const made = node('text', attributes);
  made.textContent = content;
  return made;
}

function titled(element: SVGElement, title: string): SVGElement {
  const made = node('title', {});
  made.textContent = title;
  element.append(made);
  return element;
}
