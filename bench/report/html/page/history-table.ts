// The cases of a history, those first that changed by most of their own noise.

import { counted } from '../../../contract/counted.ts';
import { percent } from '../../percent.ts';
import { formatTime } from '../../row-cells.ts';
import type { FigureName, HistoryData, ShownCase } from '../history-data.ts';
import type { Columns } from '../packed-data.ts';
import { type Column, dataTable } from './data-table.ts';
import { dateOf, figure, largeChart, type Series, sentenceOf, sparkline } from './line-chart.ts';
import { create } from './page-dom.ts';

type FigureOf = (name: FigureName) => Float32Array;

interface Entry extends Series {
  readonly of: FigureOf;
}

export function historyTable(data: HistoryData, columns: Columns): HTMLElement {
  const { runs, cases } = data;
  const entries = cases.map((shown, i): Entry => {
    const of: FigureOf = (name) => columns[name].subarray(i * runs.length, (i + 1) * runs.length);
    return { shown, runs, speedup: of('speedup'), low: of('low'), high: of('high'), of };
  });
  const sorted = entries.toSorted((a, b) => importance(b.shown) - importance(a.shown));
  const changed = entries.filter(({ shown }) => isChanged(shown)).length;
  const drawn = new DrawnWhenVisible();
  const sentence = `${changed} of ${counted(entries.length, 'case')} changed level, drift, bytes or outcome within ${counted(runs.length, 'run')}.`;
  const table = dataTable<Entry>({
    label: 'Cases of the history',
    rows: sorted,
    columns: columnsOf(drawn),
    choices: [
      { label: 'Verdict', valueOf: ({ shown }) => shown.verdict },
      { label: 'Backend', valueOf: ({ shown }) => shown.backend },
    ],
    box: { label: 'only what changed', isChecked: changed > 0, keeps: ({ shown }) => isChanged(shown) },
    textOf: ({ shown }) => [shown.id, shown.technique, shown.problem, shown.verdict, ...shown.news].join(' '),
    detail,
  });
  return create('div', {}, create('p', { className: 'sentence' }, sentence), table);
}

function isChanged({ levels, exact, news }: ShownCase): boolean {
  return levels.length + exact.length + news.length > 0;
}

/** Changes of speed by their ratio to the noise, then what changed otherwise, then the rest. */
function importance(shown: ShownCase): number {
  return shown.ratio ?? (isChanged(shown) ? 0 : -1);
}

function columnsOf(drawn: DrawnWhenVisible): Column<Entry>[] {
  const change = ({ shown }: Entry) => {
    const level = shown.levels.at(-1);
    return level === undefined ? undefined : Math.log(level.after / level.before);
  };
  return [
    { heading: 'technique', value: ({ shown }) => shown.technique, isFigure: false },
    { heading: 'problem', value: ({ shown }) => shown.problem, isFigure: false, isPartOfName: true },
    { heading: 'backend', value: ({ shown }) => shown.backend, isFigure: false, isPartOfName: true },
    { heading: 'history', value: ({ shown }) => shown.count, cell: (entry) => drawn.place(entry), isFigure: false },
    {
      heading: 'newest',
      value: newest,
      cell: (entry) => (newest(entry) === undefined ? '' : `${figure(newest(entry) ?? 0)}x`),
      isFigure: true,
    },
    { heading: 'verdict', value: ({ shown }) => shown.verdict, isFigure: false },
    {
      heading: 'change',
      value: change,
      cell: (entry) => (change(entry) === undefined ? '' : percent(change(entry) ?? 0)),
      isFigure: true,
    },
    {
      heading: 'noise',
      value: ({ shown }) => shown.noise,
      cell: ({ shown }) => (shown.noise === undefined ? '' : `±${(100 * shown.noise).toFixed(1)} %`),
      isFigure: true,
    },
    {
      heading: 'change ÷ noise',
      value: ({ shown }) => shown.ratio,
      cell: ({ shown }) => shown.ratio?.toFixed(1) ?? '',
      isFigure: true,
    },
    {
      heading: 'since',
      value: ({ shown, runs }) =>
        shown.levels.length === 0 ? undefined : dateOf(runs[shown.levels[shown.levels.length - 1].run]),
      isFigure: true,
    },
  ];
}

function newest({ speedup }: Entry): number | undefined {
  return speedup.findLast((value) => !Number.isNaN(value));
}

/** Lines are drawn when they come into view, or all of them when the page is printed. */
class DrawnWhenVisible {
  /** A case keeps its line however the table is sorted. */
  readonly #places = new Map<Entry, HTMLElement>();
  readonly #waiting = new Map<Element, Entry>();
  readonly #observer = new IntersectionObserver(
    (seen) => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) this.#draw(target);
    },
    { rootMargin: '200px' },
  );

  constructor() {
    addEventListener('beforeprint', () => {
      for (const place of this.#waiting.keys()) if (place.isConnected) this.#draw(place);
    });
  }

  place(entry: Entry): HTMLElement {
    const known = this.#places.get(entry);
    if (known !== undefined) return known;
    const made = create('span', { className: 'spark' });
    this.#places.set(entry, made);
    this.#waiting.set(made, entry);
    this.#observer.observe(made);
    return made;
  }

  #draw(place: Element): void {
    const entry = this.#waiting.get(place);
    this.#waiting.delete(place);
    this.#observer.unobserve(place);
    if (entry !== undefined) place.replaceChildren(sparkline(entry));
  }
}

function detail(entry: Entry): Node[] {
  const { shown } = entry;
  const lines = [
    ...shown.news,
    ...(shown.doubt === undefined ? [] : [shown.doubt]),
    ...shown.levels.map(({ text }) => text),
    ...shown.exact.map(({ text }) => text),
  ];
  return [
    create('p', { className: 'case' }, shown.id),
    create('p', { className: 'sentence' }, `${sentenceOf(entry)}.`),
    ...(lines.length > 0 ? [create('ul', {}, ...lines.map((line) => create('li', {}, line)))] : []),
    ...(shown.told.length > 0 ? [create('ol', {}, ...shown.told.map(({ text }) => create('li', {}, text)))] : []),
    create('div', { className: 'large' }, largeChart(entry)),
    create('details', { className: 'figures' }, create('summary', {}, 'Every run as a table'), runsTable(entry)),
  ];
}

function runsTable({ shown, runs, of }: Entry): HTMLElement {
  const [speedup, low, high, p20, sqnr, bytes] = (
    ['speedup', 'low', 'high', 'p20_ns', 'sqnr_db', 'bytes'] as const
  ).map(of);
  const shownAs = (value: number, format: (value: number) => string) => (Number.isNaN(value) ? '' : format(value));
  const rows = runs.map((run, i) => {
    const cells = [
      run.commit,
      shownAs(speedup[i], (value) => `${figure(value)}x`),
      shownAs(low[i], () => `${figure(low[i])}–${figure(high[i])}`),
      shownAs(p20[i], formatTime),
      shownAs(sqnr[i], (value) => value.toFixed(1)),
      shownAs(bytes[i], (value) => value.toLocaleString('en')),
    ];
    const date = create('th', { scope: 'row', className: 'word' }, run.startedAt.slice(0, 16).replace('T', ' '));
    return create('tr', {}, date, ...cells.map((cell) => create('td', { className: 'figure' }, cell)));
  });
  const headings = ['run', 'commit', 'speed-up', '95 %', 'time', 'SQNR dB', 'stored bytes'];
  const head = headings.map((name, i) => create('th', { scope: 'col', className: i === 0 ? 'word' : 'figure' }, name));
  const caption = `Runs of ${shown.technique} on ${shown.backend}, ${shown.problem}`;
  return create(
    'div',
    { className: 'scroll', tabIndex: 0, role: 'region', ariaLabel: caption },
    create(
      'table',
      {},
      create('caption', {}, caption),
      create('thead', {}, create('tr', {}, ...head)),
      create('tbody', {}, ...rows.toReversed()),
    ),
  );
}
