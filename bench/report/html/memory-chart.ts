// What each technique's bytes are made of, a panel a problem.
import type { TopLevelSpec } from 'vega-lite';
import type { ResultRow } from '../../results/columns.ts';
import { problemTitle, techniqueLabel } from '../../results/row-labels.ts';
import { formatBytes } from '../row-cells.ts';
import { BYTE_LABELS, type Chart, KEY_AXIS, keyOf, roomFor } from './chart.ts';
import { TEXTURES, type TextureName, textureFill } from './textures.ts';

/** In the order they are stacked. Each has a texture, so that colour is not needed. */
const PARTS = [
  { name: 'values', texture: 'plain', of: ({ value_bytes }) => value_bytes },
  { name: 'indices', texture: 'rising', of: ({ index_bytes }) => index_bytes },
  { name: 'scales', texture: 'upright', of: ({ scale_bytes }) => scale_bytes },
  { name: 'corrections', texture: 'dots', of: ({ correction_bytes }) => correction_bytes },
  { name: 'workspace', texture: 'level', of: ({ workspace_bytes }) => workspace_bytes },
] as const satisfies readonly Part[];

interface Part {
  readonly name: string;
  readonly texture: TextureName;
  of(row: ResultRow): number | undefined;
}

interface Stack {
  readonly label: string;
  readonly row: ResultRow;
  readonly total: number;
}

/** Undefined where no row has bytes. */
export function memoryChart(rows: readonly ResultRow[]): Chart | undefined {
  const groups = [...Map.groupBy(rows, problemTitle)].flatMap(([title, group]) => {
    const stacks = stacksOf(group);
    return stacks.length > 0 ? [{ title, stacks }] : [];
  });
  if (groups.length === 0) return undefined;
  const all = groups.flatMap(({ title, stacks }) => stacks.map((stack) => ({ title, ...stack })));
  const shares = all.flatMap(({ title, label, row, total }) => {
    const stored = total - (row.workspace_bytes ?? 0);
    return row.dense_bytes && stored > 0 && row.op !== 'attention'
      ? [{ title, label, times: row.dense_bytes / stored }]
      : [];
  });
  const smallest = shares.toSorted((a, b) => b.times - a.times)[0];
  return {
    title: 'What the bytes are',
    sentence:
      smallest === undefined
        ? 'No row has packed weights.'
        : `The smallest packed weights are ${smallest.label}'s, ${smallest.times.toFixed(2)} times smaller than f32, at ${smallest.title}.`,
    reading:
      'Packed weights by what they hold, and the scratch that the kernel needs beside them: of a technique on several backends, the most.',
    legend: PARTS.map(({ name, texture }) => ({
      label: name,
      colour: TEXTURES[texture].colour,
      shape: 'square',
      texture,
    })),
    groups: [{ title: '', panels: groups.map(({ title, stacks }) => ({ title, spec: panelOf(stacks) })) }],
    table: {
      headings: ['technique', 'problem', ...PARTS.map(({ name }) => name), 'together', 'dense'],
      rows: all.map(({ title, label, row, total }) => [
        label,
        title,
        ...PARTS.map((part) => formatted(part.of(row))),
        formatBytes(total),
        formatted(row.dense_bytes),
      ]),
    },
  };
}

function formatted(bytes: number | undefined): string {
  return bytes === undefined ? '' : formatBytes(bytes);
}

/** A technique's packed weights are the same on every backend; scratch is not. The largest stands on top. */
function stacksOf(rows: readonly ResultRow[]): Stack[] {
  const stacks = [...Map.groupBy(rows, techniqueLabel)].map(([label, group]) => {
    const totals = group.map((row) => ({
      label,
      row,
      total: PARTS.reduce((sum, part) => sum + (part.of(row) ?? 0), 0),
    }));
    return totals.reduce((most, stack) => (stack.total > most.total ? stack : most));
  });
  return stacks.filter(({ total }) => total > 0).toSorted((a, b) => b.total - a.total);
}

const WIDTH = 190;
const HEIGHT_PER_STACK = 20;

function panelOf(stacks: readonly Stack[]): TopLevelSpec {
  const keys = stacks.map(({ label }, i) => keyOf(label, i));
  const values = stacks.flatMap(({ row }, i) => {
    let end = 0;
    return PARTS.flatMap((part) => {
      const bytes = part.of(row) ?? 0;
      const begin = end;
      end += bytes;
      return bytes > 0 ? [{ key: keys[i], part: part.name, begin, end }] : [];
    });
  });
  const most = Math.max(...stacks.map(({ total }) => total));
  const x = {
    field: 'begin',
    type: 'quantitative' as const,
    axis: { title: 'bytes', values: ticksTo(most), labelExpr: BYTE_LABELS, labelOverlap: false, grid: true },
    scale: { domain: [0, most], nice: false },
  };
  return {
    width: WIDTH,
    height: stacks.length * HEIGHT_PER_STACK,
    padding: { left: roomFor(stacks.map(({ label }) => label)), right: 22, top: 4, bottom: 40 },
    data: { values },
    mark: { type: 'bar', height: 13 },
    encoding: {
      x,
      x2: { field: 'end' },
      y: { field: 'key', type: 'nominal', scale: { domain: keys }, axis: { ...KEY_AXIS, ticks: false } },
      fill: {
        field: 'part',
        type: 'nominal',
        legend: null,
        scale: { domain: PARTS.map(({ name }) => name), range: PARTS.map(({ texture }) => textureFill(texture)) },
      },
      stroke: {
        field: 'part',
        type: 'nominal',
        legend: null,
        scale: { domain: PARTS.map(({ name }) => name), range: PARTS.map(({ texture }) => TEXTURES[texture].colour) },
      },
    },
  } as TopLevelSpec;
}

/** Multiples of a power of two. */
function ticksTo(most: number): number[] {
  const step = 2 ** Math.ceil(Math.log2(most / 4));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}
