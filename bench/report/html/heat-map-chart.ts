// Speed-ups of techniques at shapes, a panel a backend: the figure in each cell, its ground bluer the faster and browner the
// slower than uncompressed.

import type { TopLevelSpec } from 'vega-lite';
import { counted } from '../../contract/counted.ts';
import type { ResultRow } from '../../results/columns.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../../results/row-labels.ts';
import { formatRatio } from '../row-cells.ts';
import { shortProblem } from './case-names.ts';
import { type Chart, KEY_AXIS, keyOf, roomFor, shortened, widthOf } from './chart.ts';

/** Undefined where nothing has a speed-up. */
export function heatMapChart(rows: readonly ResultRow[]): Chart | undefined {
  const cells = surestOfEach(rows.filter((row) => row.speedup !== undefined && !isBaseline(row)));
  if (cells.length === 0) return undefined;
  const order = [problemTitle, techniqueLabel].map((name) => [...new Set(cells.map(name))]);
  const panels = [...Map.groupBy(cells, backendLabel)].map(([title, own]) => ({ title, spec: panelOf(own, order) }));
  const techniques = [...Map.groupBy(cells, techniqueLabel)];
  const always = techniques.filter(([, own]) => own.every(({ speedup = 0 }) => speedup > 1)).map(([label]) => label);
  return {
    title: 'Techniques at shapes',
    sentence: `${counted(techniques.length, 'technique')} at ${counted(order[0].length, 'shape')}; faster than uncompressed wherever measured: ${always.length === 0 ? 'none' : listed(always)}.`,
    reading:
      'Speed-up over uncompressed on the same backend. Blue is faster, brown slower, white as fast; the figure says it without colour. Empty: not measured.',
    legend: [],
    isScrolled: true,
    groups: [{ title: '', panels }],
    table: tableOf(cells),
  };
}

/** Of what several suites measure, the row with the narrowest interval. */
function surestOfEach(rows: readonly ResultRow[]): ResultRow[] {
  const widthOf = ({ speedup_ci95_low: low, speedup_ci95_high: high }: ResultRow) =>
    low && high ? high / low : Number.POSITIVE_INFINITY;
  const groups = Map.groupBy(rows, (row) => [techniqueLabel(row), problemTitle(row), backendLabel(row)].join('\t'));
  return [...groups.values()].map((group) => group.reduce((best, row) => (widthOf(row) < widthOf(best) ? row : best)));
}

const MOST_NAMES = 6;

function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function tableOf(cells: readonly ResultRow[]): Chart['table'] {
  const backends = [...new Set(cells.map(backendLabel))];
  const groups = Map.groupBy(cells, (row) => `${techniqueLabel(row)}\t${problemTitle(row)}`);
  const rows = [...groups.values()].map((group) => [
    techniqueLabel(group[0]),
    problemTitle(group[0]),
    ...backends.map((backend) => {
      const row = group.find((each) => backendLabel(each) === backend);
      return row === undefined ? '' : `${formatRatio(row.speedup ?? 0)}x`;
    }),
  ]);
  return { headings: ['technique', 'problem', ...backends], rows };
}

const CELL = { width: 36, height: 20 };
/** Where the colours end: four times as fast, or as slow. */
const REACH = 2;
/** All of them light enough for dark figures. */
const SLOWER_TO_FASTER = ['#e0913f', '#f4cf9f', '#f6f5f3', '#a9d0ee', '#5ba3dc'];
const ANGLE = 50;

/** Problems and techniques stand in the same order in all panels. */
function panelOf(rows: readonly ResultRow[], order: readonly (readonly string[])[]): TopLevelSpec {
  const [problems, techniques] = [problemTitle, techniqueLabel].map((name, i) => {
    const own = new Set(rows.map(name));
    return order[i].filter((each) => own.has(each));
  });
  const shortNames = problems.map((title) => shortProblem(rows.find((row) => problemTitle(row) === title) ?? {}));
  const [yKeys, xKeys] = [shortNames, techniques].map((names) => names.map(keyOf));
  const values = rows.map((row) => {
    const { speedup = 1 } = row;
    return {
      problem: yKeys[problems.indexOf(problemTitle(row))],
      technique: xKeys[techniques.indexOf(techniqueLabel(row))],
      log: Math.max(-REACH, Math.min(REACH, Math.log2(speedup))),
      text: formatRatio(speedup),
    };
  });
  const x = {
    field: 'technique',
    type: 'nominal' as const,
    scale: { domain: xKeys },
    axis: { ...KEY_AXIS, orient: 'top', labelAngle: -ANGLE, labelAlign: 'left', ticks: false },
  };
  const y = {
    field: 'problem',
    type: 'nominal' as const,
    scale: { domain: yKeys },
    axis: { ...KEY_AXIS, ticks: false },
  };
  const longest = Math.max(...techniques.map((name) => widthOf(shortened(name))));
  const [rise, run] = [Math.sin, Math.cos].map((of) => Math.ceil(longest * of((ANGLE * Math.PI) / 180)));
  return {
    width: techniques.length * CELL.width,
    height: problems.length * CELL.height,
    padding: { left: roomFor(shortNames), right: Math.max(8, run - CELL.width / 2), top: rise + 14, bottom: 4 },
    data: { values },
    layer: [
      {
        mark: { type: 'rect', stroke: '#7d8290', strokeWidth: 0.5 },
        encoding: {
          x,
          y,
          color: {
            field: 'log',
            type: 'quantitative',
            legend: null,
            scale: { domain: [-REACH, -REACH / 2, 0, REACH / 2, REACH], range: SLOWER_TO_FASTER, interpolate: 'rgb' },
          },
        },
      },
      { mark: { type: 'text', color: '#14171c' }, encoding: { x, y, text: { field: 'text', type: 'nominal' } } },
    ],
  } as TopLevelSpec;
}
