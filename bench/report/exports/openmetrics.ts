// OpenMetrics text (https://prometheus.io/docs/specs/om/open_metrics_spec): gauges alone and no times, so that what reads
// Prometheus's older format, such as node_exporter and the Pushgateway, takes it too.
import type { ResultRow } from '../../results/columns.ts';
import { failureReason, outcomeOf } from '../../results/failure.ts';
import { type Figure, figures, isMeasured, plainNumber } from './figures.ts';

type Labels = Readonly<Record<string, string | undefined>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export function formatOpenMetrics(rows: readonly ResultRow[]): string {
  const lines = [
    ...family('run_info', 'the run and its machine', undefined, infoOf(rows)),
    ...family('case_status', 'what came of the case, 1 for each', undefined, rows.map(statusOf)),
    ...family('case_started_timestamp_seconds', 'when the case started', 'seconds', rows.flatMap(startOf)),
    ...figures.flatMap((figure) => figureLines(figure, rows.filter(isMeasured))),
  ];
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

const INFO = ['run_id', 'git_commit', 'cpu_model', 'os', 'node_version'] as const;
const LABELS = ['case_id', 'suite', 'op', 'technique', 'params', 'backend', 'weights'] as const;

function infoOf(rows: readonly ResultRow[]): Sample[] {
  const infos = rows.map((row) => pick(row, INFO));
  return [...new Map(infos.map((labels) => [JSON.stringify(labels), { labels, value: 1 }])).values()];
}

function statusOf(row: ResultRow): Sample {
  return { labels: { ...pick(row, LABELS), status: outcomeOf(row), reason: failureReason(row) }, value: 1 };
}

function startOf(row: ResultRow): Sample[] {
  const ms = Date.parse(row.started_at ?? '');
  return Number.isNaN(ms) ? [] : [{ labels: pick(row, LABELS), value: ms / 1000 }];
}

function figureLines({ column, interval, gauge: { name, unit, scale = 1 } }: Figure, rows: readonly ResultRow[]) {
  const [stem, ending] = unit === undefined ? [name, ''] : [name.slice(0, -unit.length - 1), `_${unit}`];
  const parts = [
    { name: `case_${name}`, of: column, help: column },
    ...(interval ?? []).map((end, i) => ({
      name: `case_${stem}_ci95_${i === 0 ? 'low' : 'high'}${ending}`,
      of: end,
      help: `${column}, 95 % interval, ${i === 0 ? 'low' : 'high'} end`,
    })),
  ];
  return parts.flatMap(({ name: own, of, help }) => {
    const samples = rows.flatMap((row) => {
      const value = row[of];
      return value === undefined ? [] : [{ labels: pick(row, LABELS), value: plainNumber(value * scale) }];
    });
    return family(own, help, unit, samples);
  });
}

function pick<Name extends keyof ResultRow>(row: ResultRow, names: readonly Name[]): Labels {
  return Object.fromEntries(names.map((name) => [name, row[name]?.toString()]));
}

/** Nothing where it has no samples. */
function family(name: string, help: string, unit: string | undefined, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return [];
  const full = `tare_${name}`;
  return [
    `# TYPE ${full} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${full} ${unit}`]),
    `# HELP ${full} ${help}`,
    ...samples.map(({ labels, value }) => `${full}{${formatLabels(labels)}} ${value}`),
  ];
}

function formatLabels(labels: Labels): string {
  const said = Object.entries(labels).filter(([, value]) => value !== undefined && value !== '');
  return said.map(([name, value]) => `${name}="${escaped(value ?? '')}"`).join(',');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
