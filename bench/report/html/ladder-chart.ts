// How many times faster than three loops each rung of a ladder is, a panel a problem.
import type { TopLevelSpec } from 'vega-lite';
import type { ResultRow } from '../../results/columns.ts';
import { type Ladder, laddersOf, type Rung } from '../ladder.ts';
import { COLOURS, NEUTRAL } from '../palette.ts';
import { formatTime } from '../row-cells.ts';
import { withInterval } from './case-names.ts';
import { type Chart, KEY_AXIS, keyOf, type LegendEntry, roomFor, ticksBetween } from './chart.ts';

const DEVICES = {
  cpu: { label: 'on the CPU', shape: 'circle', colour: COLOURS[0] },
  gpu: { label: 'on a GPU', shape: 'diamond', colour: COLOURS[3] },
  emulated: { label: 'on a GPU emulated on the CPU', shape: 'cross', colour: NEUTRAL },
} as const satisfies Record<string, LegendEntry>;
type Device = keyof typeof DEVICES;

/** Undefined where the three loops were not timed. */
export function ladderChart(rows: readonly ResultRow[]): Chart | undefined {
  const ladders = laddersOf(rows);
  if (ladders.length === 0) return undefined;
  const devices = new Set(ladders.flatMap(({ rungs }) => rungs.map(deviceOf)));
  const domain = domainOf(ladders);
  return {
    title: 'The ladder',
    sentence: `${ladders.map(topOf).join('; ')}.`,
    reading: 'How many times faster than three loops in TypeScript the same product is; lines are 95 % intervals.',
    legend: (Object.keys(DEVICES) as Device[]).filter((device) => devices.has(device)).map((device) => DEVICES[device]),
    groups: [{ title: '', panels: ladders.map(({ title, rungs }) => ({ title, spec: panelOf(rungs, domain) })) }],
    table: {
      headings: ['rung', 'problem', 'threads', 'time', 'over the naive loop', 'status'],
      rows: ladders.flatMap(({ title, rungs }) =>
        rungs.map(({ row, label, timeNs, factor, ci95 }) => [
          label,
          title,
          `${row.threads ?? ''}`,
          formatTime(timeNs),
          withInterval(factor, ci95?.low, ci95?.high),
          row.status ?? '',
        ]),
      ),
    },
  };
}

function topOf({ title, rungs }: Ladder): string {
  const top = rungs[rungs.length - 1];
  return `${top.label} is ${withInterval(top.factor, undefined, undefined)} times as fast as three loops at ${title}`;
}

function deviceOf({ row: { device, adapter_type } }: Rung): Device {
  if (adapter_type === 'software') return 'emulated';
  return device === 'gpu' ? 'gpu' : 'cpu';
}

/** Of all panels, so that they can be held against each other. */
function domainOf(ladders: readonly Ladder[]): [low: number, high: number] {
  const ends = ladders.flatMap(({ rungs }) =>
    rungs.flatMap(({ factor, ci95 }) => [ci95?.low ?? factor, ci95?.high ?? factor]),
  );
  return [Math.min(0.9, ...ends) / 1.1, Math.max(1.1, ...ends) * 1.1];
}

const WIDTH = 360;
const HEIGHT_PER_RUNG = 19;

/** The fastest on top. */
function panelOf(rungs: readonly Rung[], domain: readonly [number, number]): TopLevelSpec {
  const shown = rungs.toReversed();
  const keys = shown.map(({ label }, i) => keyOf(label, i));
  const x = {
    field: 'factor',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain: [...domain], nice: false, clamp: true },
    axis: { title: 'times as fast as three loops', values: ticksBetween(...domain), format: '~g', grid: true },
  };
  const y = { field: 'key', type: 'nominal' as const, scale: { domain: keys }, axis: { ...KEY_AXIS, ticks: false } };
  const entries = Object.values(DEVICES);
  const names = Object.keys(DEVICES);
  const color = {
    field: 'device',
    type: 'nominal' as const,
    legend: null,
    scale: { domain: names, range: entries.map(({ colour }) => colour) },
  };
  return {
    width: WIDTH,
    height: shown.length * HEIGHT_PER_RUNG,
    padding: { left: roomFor(shown.map(({ label }) => label)), right: 60, top: 4, bottom: 40 },
    data: {
      values: shown.map((rung, i) => ({
        key: keys[i],
        factor: rung.factor,
        from: rung.ci95?.low ?? rung.factor,
        to: rung.ci95?.high ?? rung.factor,
        device: deviceOf(rung),
        said: `${withInterval(rung.factor, undefined, undefined)}×`,
      })),
    },
    layer: [
      {
        mark: { type: 'rule', strokeDash: [4, 3], color: NEUTRAL },
        encoding: { x: { ...x, field: undefined, datum: 1 } },
      },
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { x: { ...x, field: 'from' }, x2: { field: 'to' }, y, color },
      },
      {
        mark: { type: 'point', filled: true, size: 60, opacity: 1 },
        encoding: {
          x,
          y,
          color,
          shape: { ...color, scale: { domain: names, range: entries.map(({ shape }) => shape) } },
        },
      },
      {
        mark: { type: 'text', align: 'left' as const, dx: 9 },
        encoding: { x: { ...x, field: 'to' }, y, text: { field: 'said', type: 'nominal' as const } },
      },
    ],
  } as TopLevelSpec;
}
